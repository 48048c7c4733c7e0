//go:build !linux

package gpu

import "os/exec"

// isolate does nothing here: the program ends when it finds nobody who reads its output.
func isolate(*exec.Cmd) {}
