//go:build !real

package grpc

import "errors"

func beClient(role string) error {
	return errors.New(role + " is a role of the tests under the tag real")
}
