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
	// faultAPIServer: the controller process stays up, but its API server ends
	// and is started again for ever, and there is no status socket, as with
	// k0s. Workers are sound.
	faultAPIServer = "apiserver"
	// faultLate: good at first, dead a few seconds later, at every start.
	faultLate = "late"
	// faultLater: the same, but long after an updater has taken it for good.
	faultLater = "later"
	// faultRoute: the host loses its default routes soon after every start.
	faultRoute = "route"
)

var faults = map[string]bool{
	"": true, faultExits: true, faultKubelet: true, faultVersion: true,
	faultAPIServer: true, faultLate: true, faultLater: true, faultRoute: true,
}

// failIfBroken ends a role's process at once in a release built to do so.
func failIfBroken(role string) {
	if !faults[release.Fault] {
		fmt.Fprintf(os.Stderr, "k0s: this binary was built with an unknown fault %q\n", release.Fault)
		os.Exit(1)
	}
	if release.Fault == faultExits {
		failOnPurpose(role + " cannot start")
	}
}

// failOnPurpose ends the process as a crash does: nothing is stopped in order.
func failOnPurpose(what string) {
	logf("%s: this release is broken on purpose (fault %q)", what, release.Fault)
	os.Exit(1)
}
