//go:build !linux

package pacetest

import "time"

// threadTime is not known here.
func threadTime() time.Duration { return 0 }
