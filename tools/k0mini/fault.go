package main

import (
	"fmt"
	"os"

	"autopilot/k0mini/release"
)

// The defects a release can be built with. Broken releases are how tests show
// that an updater notices a release that is delivered correctly and yet does
// not work. `k0s version` stays correct under every one of them: an updater
// that checks the file before it installs it would never get to the defect.
//
// To add one: name it here, have the builder know it, and ask for it where the
// process has to misbehave.
const (
	// faultExits: controller and worker exit as soon as they are started.
	faultExits = "exits"
	// faultKubelet: the worker process is up and answers its status socket,
	// but runs no kubelet, so its Node goes NotReady. Controllers are sound.
	faultKubelet = "kubelet"
	// faultVersion: the running process reports another version than the file.
	faultVersion = "version"
)

var faults = map[string]bool{"": true, faultExits: true, faultKubelet: true, faultVersion: true}

// failIfBroken ends a role's process at once in a release built to do so.
func failIfBroken(role string) {
	if !faults[release.Fault] {
		fmt.Fprintf(os.Stderr, "k0s: this binary was built with an unknown fault %q\n", release.Fault)
		os.Exit(1)
	}
	if release.Fault == faultExits {
		fmt.Fprintf(os.Stderr, "k0s: %s cannot start: this release is broken on purpose (fault %q)\n", role, release.Fault)
		os.Exit(1)
	}
}
