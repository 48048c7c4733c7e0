package h2

import "slices"

// streams are those under way, by id. Ids only grow, so the newest is the last.
type streams struct {
	ids []uint32
	all []*Stream
}

func (t *streams) add(s *Stream) {
	t.ids, t.all = append(t.ids, s.id), append(t.all, s)
}

// find returns the stream with an id; nil if it is not under way.
func (t *streams) find(id uint32) *Stream {
	if i, ok := slices.BinarySearch(t.ids, id); ok {
		return t.all[i]
	}
	return nil
}

// remove forgets a stream and reports whether it was there.
func (t *streams) remove(s *Stream) bool {
	i, ok := slices.BinarySearch(t.ids, s.id)
	if !ok || t.all[i] != s {
		return false
	}
	t.ids = slices.Delete(t.ids, i, i+1)
	t.all = slices.Delete(t.all, i, i+1)
	return true
}

func (t *streams) clear() {
	clear(t.all)
	t.ids, t.all = t.ids[:0], t.all[:0]
}
