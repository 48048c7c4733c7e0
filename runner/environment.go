package runner

import (
	"context"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/plimsoll-ci/plimsoll/runner/internal/cgroup"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// environment describes this machine. A field that cannot be read is empty, also in comparisons.
func environment(ctx context.Context, tool, runner string) result.Environment {
	limits := cgroup.Read(os.DirFS("/"))
	e := result.Environment{
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUCores: runtime.NumCPU(),
		Runner: runner, ToolMajor: major(tool), CPULimit: below(limits.CPU, float64(runtime.NumCPU())),
	}
	if cpus, err := cpu.InfoWithContext(ctx); err == nil && len(cpus) > 0 {
		e.CPUModel = strings.Join(strings.Fields(cpus[0].ModelName), " ")
	}
	if memory, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		e.MemoryGiB = int(math.Round(float64(memory.Total) / (1 << 30)))
		e.MemoryLimit = below(limits.Memory, int64(memory.Total))
	}
	if kernel, err := host.KernelVersionWithContext(ctx); err == nil {
		e.Kernel = kernel
	}
	if average, err := load.AvgWithContext(ctx); err == nil {
		e.LoadAverage = average.Load1
	}
	return e
}

// below is a limit of the container, or 0 if the machine has no more anyway.
func below[T int64 | float64](limit, has T) T {
	if limit >= has {
		return 0
	}
	return limit
}

// major is the major version in v1.2.3, or "dev" for a build without a version. Figures of different major
// versions are not comparable.
func major(version string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	if _, err := strconv.Atoi(first); err != nil {
		return "dev"
	}
	return first
}
