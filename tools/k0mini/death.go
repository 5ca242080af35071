package main

import (
	"context"
	"time"

	"autopilot/k0mini/release"
)

const (
	// A controller that dies late has been seen to serve, but not for long
	// enough to have been trusted.
	lateAfterReady = 2500 * time.Millisecond
	// A worker's node takes a few seconds to be Ready; nothing in the process
	// tells when it is.
	lateAfterStart  = 6 * time.Second
	laterAfterStart = 90 * time.Second
)

// dieLater ends the process after a while in a release built to do so. ready
// tells when it begins to be of use; nil where nothing can tell.
func dieLater(ctx context.Context, role string, ready func(context.Context) bool) {
	switch release.Fault {
	case faultLate:
		after := lateAfterStart
		if ready != nil {
			after = lateAfterReady
			for !ready(ctx) {
				if !sleep(ctx, readinessPeriod) {
					return
				}
			}
		}
		dieAfter(ctx, role, after)
	case faultLater:
		dieAfter(ctx, role, laterAfterStart)
	}
}

func dieAfter(ctx context.Context, role string, after time.Duration) {
	if sleep(ctx, after) {
		failOnPurpose(role + " ends")
	}
}
