package main

import (
	"os"
	"strings"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
)

// runKubectl is kubectl, with the admin's credential of the data directory
// unless KUBECONFIG names another. --data-dir is k0s's, not kubectl's.
func runKubectl(args []string) {
	v := vars{DataDir: "/var/lib/k0s"}
	rest := []string{"kubectl"}
	for i := 0; i < len(args); i++ {
		if args[i] == "--" { // what follows belongs to a command in a container
			rest = append(rest, args[i:]...)
			break
		}
		if value, found := strings.CutPrefix(args[i], "--data-dir="); found {
			v.DataDir = value
		} else if args[i] == "--data-dir" && i+1 < len(args) {
			i++
			v.DataDir = args[i]
		} else {
			rest = append(rest, args[i])
		}
	}
	if err := v.complete(); err != nil {
		kubectlutil.CheckErr(err)
	}
	if os.Getenv("KUBECONFIG") == "" {
		os.Setenv("KUBECONFIG", v.AdminKubeConfigPath)
	}
	os.Args = rest
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
