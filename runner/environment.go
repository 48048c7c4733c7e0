package runner

import (
	"context"
	"math"
	"runtime"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// environment describes this machine. A field that cannot be read stays empty, and is compared as
// empty.
func environment(ctx context.Context, tool, runner string) result.Environment {
	e := result.Environment{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUCores: runtime.NumCPU(),
		Runner: runner, ToolMajor: major(tool),
	}
	if cpus, err := cpu.InfoWithContext(ctx); err == nil && len(cpus) > 0 {
		e.CPUModel = strings.Join(strings.Fields(cpus[0].ModelName), " ")
	}
	if memory, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		e.MemoryGiB = int(math.Round(float64(memory.Total) / (1 << 30)))
	}
	if kernel, err := host.KernelVersionWithContext(ctx); err == nil {
		e.Kernel = kernel
	}
	if average, err := load.AvgWithContext(ctx); err == nil {
		e.LoadAverage = average.Load1
	}
	return e
}

// major is the major version of v1.2.3: figures of different ones are not comparable. A build
// without a version is "dev".
func major(version string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if _, err := strconv.Atoi(first); err != nil {
		return "dev"
	}
	return first
}
