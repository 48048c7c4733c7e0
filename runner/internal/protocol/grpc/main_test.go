package grpc

import (
	"fmt"
	"net"
	"os"
	"testing"

	server "google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testing_pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/reflection"
)

// Role, in the environment, says what else this test binary is.
const Role = "PLIMSOLL_TEST_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(Role); role {
	case "":
		os.Exit(m.Run())
	case "server":
		err = beServer()
	default:
		err = beClient(role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func beServer() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	s := server.NewServer()
	testing_pb.RegisterTestServiceServer(s, interop.NewTestServer())
	reflection.Register(s)
	return s.Serve(l)
}
