//go:build !race

package driver_test

const racing = false
