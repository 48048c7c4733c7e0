package h2

import (
	"golang.org/x/net/http2/hpack"
)

// decoder decodes header blocks (RFC 7541). It allocates nothing once its slices have grown: texts of its
// table lie in one slice of bytes.
type decoder struct {
	text    []byte  // of the entries, oldest first
	entries []entry // oldest first; those before first are gone
	first   int
	size    int     // of the table, as section 4.1 counts
	max     int     // what the server has chosen, at most initialTable
	name    scratch // a name that was decoded from Huffman's code
	value   scratch

	state  uint64 // changes with the table
	refers bool   // the block refers to entries of the table
	adds   []int  // the fields of the block that went into the table
	memo   memo
}

// entry is one entry of the table, within decoder.text.
type entry struct{ at, name, value int }

// scratch is memory that Huffman's decoder writes to.
type scratch []byte

// Write appends.
func (s *scratch) Write(p []byte) (int, error) {
	*s = append(*s, p...)
	return len(p), nil
}

var errBlock = broken(Compression, "a header block cannot be decoded")

// decode adds the fields of a whole block to f.
func (d *decoder) decode(block []byte, f *Fields) error {
	for begun := false; len(block) > 0; {
		var name, value []byte
		var index int
		var ok bool
		b := block[0]
		switch {
		case b&0x80 != 0: // an indexed field
			if index, block, ok = readInt(block, 7); !ok {
				return errBlock
			}
			if name, value, ok = d.at(index); !ok {
				return errBlock
			}
		case b&0xe0 == 0x20: // the table changes its size
			if index, block, ok = readInt(block, 5); !ok || index > initialTable || begun {
				return errBlock
			}
			d.max = index
			d.state++
			d.refers = true // the memo knows nothing of sizes
			d.evict(0)
			continue
		default: // a literal, kept in the table or not
			prefix := 4
			if b&0x40 != 0 {
				prefix = 6
			}
			if index, block, ok = readInt(block, prefix); !ok {
				return errBlock
			}
			if index == 0 {
				if name, block, ok = readText(block, &d.name); !ok {
					return errBlock
				}
			} else if name, _, ok = d.at(index); !ok {
				return errBlock
			}
			if value, block, ok = readText(block, &d.value); !ok {
				return errBlock
			}
			if b&0x40 != 0 {
				if err := f.add(name, value); err != nil {
					return err
				}
				begun = true
				d.adds = append(d.adds, f.Len()-1)
				d.insert(f.At(f.Len() - 1)) // from the copy: the name may lie in an entry that goes
				continue
			}
		}
		begun = true
		if err := f.add(name, value); err != nil {
			return err
		}
	}
	return nil
}

// at is an entry of either table.
func (d *decoder) at(index int) (name, value []byte, ok bool) {
	switch {
	case index <= 0 || index > staticEntries+len(d.entries)-d.first:
		return nil, nil, false
	case index <= staticEntries:
		s := &staticBytes[index-1]
		return s.name, s.value, true
	}
	d.refers = true
	e := d.entries[len(d.entries)-(index-staticEntries)]
	return d.text[e.at : e.at+e.name], d.text[e.at+e.name : e.at+e.name+e.value], true
}

// staticBytes is staticTable as bytes.
var staticBytes = func() (table [staticEntries]struct{ name, value []byte }) {
	for i, entry := range staticTable {
		table[i].name, table[i].value = []byte(entry.name), []byte(entry.value)
	}
	return table
}()

// insert adds an entry to the table. One that is larger than the table empties it.
func (d *decoder) insert(name, value []byte) {
	size := len(name) + len(value) + entryOverhead
	if d.evict(size); size > d.max {
		return
	}
	d.state++
	d.compact()
	d.entries = append(d.entries, entry{len(d.text), len(name), len(value)})
	d.text = append(append(d.text, name...), value...)
	d.size += size
}

// evict drops the oldest entries until there is room for more.
func (d *decoder) evict(more int) {
	for d.size+more > d.max && d.first < len(d.entries) {
		e := d.entries[d.first]
		d.size -= e.name + e.value + entryOverhead
		d.first++
		d.state++
	}
	if d.first == len(d.entries) {
		d.entries, d.text, d.first = d.entries[:0], d.text[:0], 0
	}
}

// compact moves the entries to the front once most of what was kept is gone.
func (d *decoder) compact() {
	if d.first == 0 || d.first < len(d.entries)/2 {
		return
	}
	gone := d.entries[d.first].at
	d.text = d.text[:copy(d.text, d.text[gone:])]
	d.entries = d.entries[:copy(d.entries, d.entries[d.first:])]
	for i := range d.entries {
		d.entries[i].at -= gone
	}
	d.first = 0
}

// readInt reads a number with a prefix of so many bits (section 5.1). Nothing here is larger than 2^28.
func readInt(p []byte, prefix int) (n int, rest []byte, ok bool) {
	mask := 1<<prefix - 1
	n, p = int(p[0])&mask, p[1:]
	if n < mask {
		return n, p, true
	}
	for shift := 0; len(p) > 0 && shift < 28; shift += 7 {
		b := p[0]
		p = p[1:]
		n += int(b&0x7f) << shift
		if b&0x80 == 0 {
			return n, p, true
		}
	}
	return 0, nil, false
}

// readText reads a string (section 5.2). The text is valid until into is used again.
func readText(p []byte, into *scratch) (text, rest []byte, ok bool) {
	if len(p) == 0 {
		return nil, nil, false
	}
	coded := p[0]&0x80 != 0
	n, p, ok := readInt(p, 7)
	if !ok || n > len(p) {
		return nil, nil, false
	}
	text, rest = p[:n], p[n:]
	if !coded {
		return text, rest, true
	}
	*into = (*into)[:0]
	if _, err := hpack.HuffmanDecode(into, text); err != nil {
		return nil, nil, false
	}
	return *into, rest, true
}
