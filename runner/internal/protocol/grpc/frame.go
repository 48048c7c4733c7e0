package grpc

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// prefixBytes are in front of each message: whether it is compressed, and its length
// (grpc/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
const prefixBytes = 5

// Faults in the messages of a server.
const (
	errCutShort     wire.Fault = "the server ended the answer within a message"
	errFlag         wire.Fault = "the server sent a message whose flags have no meaning"
	errUnencoded    wire.Fault = "the server sent a compressed message without saying how it is compressed"
	errDamaged      wire.Fault = "the server sent a message that cannot be decompressed"
	errLargeMessage wire.Fault = "the server sent a message larger than target.grpc.max_message"
)

// unknownEncoding is the error of an encoding that this client did not ask for.
type unknownEncoding string

// Error names it.
func (u unknownEncoding) Error() string {
	return "the server compresses its messages with " + string(u) + ", which was not asked for"
}

// begin adds the prefix of a message that follows; finish writes its length once it is there.
func begin(dst []byte) []byte { return append(dst, 0, 0, 0, 0, 0) }

// finish completes the message whose prefix is at a place in dst.
func finish(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-prefixBytes))
	return dst
}

// inbox takes the bytes of an answer and gives its messages, however they are spread over frames.
type inbox struct {
	most     int    // bytes of a message
	encoding string // of compressed ones; empty for none
	in       []byte // what has come, and was not taken yet
	at       int    // how much of it was taken
	plain    []byte // the last message that was decompressed
	unzip    *gzip.Reader
}

// reset makes it ready for another answer, and keeps the memory.
func (b *inbox) reset(encoding string) { b.in, b.at, b.encoding = b.in[:0], 0, encoding }

// add takes bytes, in their order.
func (b *inbox) add(p []byte) {
	if b.at > 0 {
		b.in = b.in[:copy(b.in, b.in[b.at:])]
		b.at = 0
	}
	b.in = append(b.in, p...)
}

// next gives the next whole message, which is valid until add or next is called again. It is not ok if
// the message has not come yet.
func (b *inbox) next() (message []byte, ok bool, err error) {
	message, n, err := split(b.in[b.at:], b.most)
	if n == 0 || err != nil {
		return nil, false, err
	}
	compressed := b.in[b.at] == 1
	b.at += n
	if compressed {
		message, err = b.decompress(message)
	}
	return message, err == nil, err
}

// split finds the first message of in; n is 0 if it is not whole yet.
func split(in []byte, most int) (message []byte, n int, err error) {
	if len(in) < prefixBytes {
		return nil, 0, nil
	}
	if in[0] > 1 {
		return nil, 0, errFlag
	}
	length := binary.BigEndian.Uint32(in[1:])
	if uint64(length) > uint64(most) {
		return nil, 0, errLargeMessage
	}
	if n = prefixBytes + int(length); n > len(in) {
		return nil, 0, nil
	}
	return in[prefixBytes:n], n, nil
}

// rest reports whether a part of a message is left.
func (b *inbox) rest() bool { return b.at < len(b.in) }

// decompress undoes the encoding of a message, within the bounds of one.
func (b *inbox) decompress(message []byte) ([]byte, error) {
	switch b.encoding {
	case "", "identity":
		return nil, errUnencoded
	case "gzip":
	default:
		return nil, unknownEncoding(b.encoding)
	}
	if len(message) == 0 {
		return nil, nil // some servers send the flag with nothing
	}
	var err error
	if b.unzip == nil {
		b.unzip, err = gzip.NewReader(bytes.NewReader(message))
	} else {
		err = b.unzip.Reset(bytes.NewReader(message))
	}
	if err != nil {
		return nil, errDamaged
	}
	plain := bytes.NewBuffer(b.plain[:0])
	_, err = plain.ReadFrom(io.LimitReader(b.unzip, int64(b.most)+1))
	switch b.plain = plain.Bytes(); {
	case err != nil:
		return nil, errDamaged
	case len(b.plain) > b.most:
		return nil, errLargeMessage
	}
	return b.plain, nil
}

// zipper compresses messages of one user.
type zipper struct {
	out bytes.Buffer
	zip *gzip.Writer
}

// compress replaces the message whose prefix is at a place in dst by its compressed form.
func (z *zipper) compress(dst []byte, at int) []byte {
	if z.zip == nil {
		z.zip = gzip.NewWriter(&z.out)
	}
	z.out.Reset()
	z.zip.Reset(&z.out)
	_, err := z.zip.Write(dst[at+prefixBytes:])
	if err = errors.Join(err, z.zip.Close()); err != nil {
		panic("grpc: " + err.Error()) // a buffer takes everything
	}
	dst = append(dst[:at], 1, 0, 0, 0, 0)
	return finish(append(dst, z.out.Bytes()...), at)
}

// encodingOf is the value of grpc-encoding, in lower case.
func encodingOf(value []byte) string {
	switch string(value) { // without a copy
	case "", "identity":
		return ""
	case "gzip":
		return "gzip"
	}
	return strings.ToLower(string(value))
}
