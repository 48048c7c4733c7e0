package grpc_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/grpc"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// api is a.proto, for servers that do not describe themselves.
const api = `syntax = "proto3";
package a;
service S {
  rpc M(Q) returns (Q);
  rpc Fail(Q) returns (Q);
  rpc Down(Q) returns (stream Q);
  rpc Up(stream Q) returns (Q);
  rpc Both(stream Q) returns (stream Q);
}
message Q { string text = 1; }
`

// describedClients makes clients whose messages a.proto describes.
func describedClients(t testing.TB, url, target, steps string) (*plan.Plan, *grpc.Clients) {
	t.Helper()
	return clients(t, url, target+", grpc: {proto: [a.proto], max_message: 1MiB}", steps)
}

// describedUser makes a user of them.
func describedUser(t testing.TB, url, target, steps string) *user {
	t.Helper()
	made, f := describedClients(t, url, target, steps)
	return userOf(t, made, f, datagen.New(made).User(0, made.Behaviours[0].Slots))
}

// userOf makes the user of some values.
func userOf(t testing.TB, made *plan.Plan, f *grpc.Clients, values load.UserValues) *user {
	t.Helper()
	u := &user{t, made, f.Client(new(jar.Jar)), values}
	u.values.NextTask()
	t.Cleanup(func() { u.client.Close() })
	return u
}

func zipped(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write([]byte(text))
	w.Close()
	return out.String()
}
