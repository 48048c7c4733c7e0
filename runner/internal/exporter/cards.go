package exporter

import (
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

const mebibyte = 1 << 20

// cards puts the figures of GPUs: dcgm-exporter. Each card is a subject of its own, as on this machine: db-host.gpu.0.
// A part of a card that MIG has split is told by the engine's activity alone.
func (v *view) cards(put func(value float64, card, figure string)) {
	const of, busy = "DCGM_FI_DEV_", "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
	for _, card := range v.values(of+"FB_USED", "gpu") {
		mine := is("gpu", card)
		whole := []match{mine, is("GPU_I_ID", "")}
		used, free := v.gauge(of+"FB_USED", mine)*mebibyte, v.gauge(of+"FB_FREE", mine)*mebibyte
		put(or(v.gauge(busy, whole...), v.gauge(of+"GPU_UTIL", whole...)/100), card, result.GPUBusy)
		put(used, card, result.GPUMemoryUsed)
		put(used+free+or(v.gauge(of+"FB_RESERVED", mine), 0)*mebibyte, card, result.GPUMemoryTotal)
		put(v.gauge(of+"POWER_USAGE", whole...), card, result.GPUPower)
		put(v.gauge(of+"GPU_TEMP", whole...), card, result.GPUTemperature)
		for _, part := range v.values(busy, "GPU_I_ID") {
			put(v.gauge(busy, mine, is("GPU_I_ID", part)), card+"."+part, result.GPUBusy)
		}
	}
}
