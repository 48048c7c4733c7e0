package h2

import "bytes"

// memo is the last header of a kind that a connection has decoded. Servers send the same block again and again,
// even the date changes only once a second; decoding it costs more than all the rest of a small answer.
//
// The same block gives the same fields if it refers to no entry of the table that the server has filled, or if
// that table is as it was. A block that both refers to the table and changes it is not kept.
type memo struct {
	block  []byte
	fields Fields
	status int
	length int64
	refers bool   // it refers to entries of the table
	state  uint64 // of the table, before the block and after it; only if it refers
	adds   []int  // the fields that go into the table, by index
}

// memoBytes is the longest block that is kept.
const memoBytes = 512

// answer decodes the block of an answer's header into f and checks it. An error of the block ends the
// connection. The status is 0 if the header is malformed.
func (d *decoder) answer(block []byte, f *Fields) (status int, length int64, err error) {
	m := &d.memo
	if len(m.block) > 0 && bytes.Equal(block, m.block) && (!m.refers || m.state == d.state) {
		f.text, f.spans, f.size = append(f.text[:0], m.fields.text...), append(f.spans[:0], m.fields.spans...), m.fields.size
		for _, i := range m.adds {
			d.insert(f.At(i))
		}
		return m.status, m.length, nil
	}
	before := d.state
	d.refers, d.adds, m.block = false, d.adds[:0], m.block[:0]
	f.reset()
	if err := d.decode(block, f); err != nil {
		return 0, 0, err
	}
	if status, err = f.status(); err != nil {
		return 0, 0, nil
	}
	length = contentLength(f)
	if len(block) > memoBytes || d.refers && d.state != before {
		return status, length, nil
	}
	m.block = append(m.block[:0], block...)
	m.fields.text, m.fields.spans, m.fields.size = append(m.fields.text[:0], f.text...), append(m.fields.spans[:0], f.spans...), f.size
	m.status, m.length, m.refers, m.state = status, length, d.refers, d.state
	m.adds = append(m.adds[:0], d.adds...)
	return status, length, nil
}
