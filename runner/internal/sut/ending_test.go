package sut

import (
	"errors"
	"testing"
)

// One sentence says who ended a system, with or without a shell in between.
func TestItself(t *testing.T) {
	for want, c := range map[string]struct {
		end    ending
		ready  bool
		killed int
	}{
		"run the system: start /bin/sh: no such file or directory":                                                                                  {ending{code: -1, err: errors.New("start /bin/sh: no such file or directory")}, false, 0},
		"the system under test exited on its own, with exit status 3":                                                                               {ending{code: 3}, true, 0},
		"the system under test exited on its own, with status 0":                                                                                    {ending{}, true, 0},
		"the system under test was ended by SIGTERM from outside":                                                                                   {ending{code: -1, signal: 15}, true, 0},
		"the system under test was ended by SIGHUP from outside (exit status 129)":                                                                  {ending{code: 129}, true, 0},
		"the system under test was ended by SIGINT from outside (exit status 130)":                                                                  {ending{code: 130}, false, 0},
		"the system under test was killed by SIGKILL from outside":                                                                                  {ending{code: -1, signal: 9}, true, 0},
		"the system under test crashed with SIGSEGV (exit status 139)":                                                                              {ending{code: 139}, true, 0},
		"the system under test exited on its own, with exit status 200":                                                                             {ending{code: 200}, true, 0},
		"the system under test exited on its own, with exit status 1, before it was ready":                                                          {ending{code: 1}, false, 1},
		"the system under test was killed: the machine or the container ran out of memory. Give it more memory, or use less load":                   {ending{code: -1, signal: 9}, true, 1},
		"the system under test was killed (exit status 137): the machine or the container ran out of memory. Give it more memory, or use less load": {ending{code: 137}, true, 2},
	} {
		if got := c.end.itself(c.ready, c.killed); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}
