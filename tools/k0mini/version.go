package main

import (
	"fmt"
	"strconv"
	"strings"

	"autopilot/k0mini/release"
)

// reportedVersion is what the running process says about itself through the
// status socket: its own version, unless the fault "version" is built in.
func reportedVersion() string {
	if release.Fault == faultVersion {
		return previousPatch(release.Version)
	}
	return release.Version
}

// previousPatch turns v1.36.3+k0s.0 into v1.36.2+k0s.9, a version no release
// here has, so that a report of it can only come from the fault.
func previousPatch(v string) string {
	core, _, _ := strings.Cut(v, "+")
	dot := strings.LastIndex(core, ".")
	if dot < 0 {
		return v + "-stale"
	}
	patch, err := strconv.Atoi(core[dot+1:])
	if err != nil || patch == 0 {
		return v + "-stale"
	}
	return fmt.Sprintf("%s.%d+k0s.9", core[:dot], patch-1)
}
