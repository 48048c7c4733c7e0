// Package h2 is the client's side of HTTP/2 connections, made for load: a call that does not vary allocates
// nothing, and costs a few bytes on the wire after the first time.
//
// A Maker belongs to one run. It compiles the heads of requests, and makes a Conn over a connection that
// exists already: TCP or TLS that has agreed on h2. A Stream is one exchange at a time, and its memory: Do
// sends a request and reads the whole answer; Open, Write, Receive and Reset are the same by parts, for
// streams of messages. Each user has Streams of its own and uses them again and again.
//
// There is one parser and there are two ways to drive it. A sole connection carries one stream at a time,
// and its user's own goroutine reads it, so an idle user costs no goroutine and no buffer. A shared one
// carries many streams: a goroutine reads it, and whoever comes first writes for all.
//
// The framing is that of RFC 9113 and RFC 7541. A server that breaks it ends the stream or the connection
// with a Violation. Whatever a server sends, memory is bounded: an answer's header by MaxHeader, its body by
// what the caller holds, unread messages by 1 MiB for each stream, and frames that carry nothing by a count.
// A new stream waits for a place among those that the server allows, and its body for the server's windows;
// both waits end with the deadline.
//
// An error says whether the server has done nothing for the stream (Unprocessed). Sending it again is up to
// the caller. Left out on purpose: server push (switched off), priorities, and policy of any kind.
package h2
