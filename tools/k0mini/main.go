// Command k0mini stands in for the k0s binary. It has k0s's command line, and
// inside it the real Kubernetes control plane, etcd and kubelet, linked from
// their Go modules; only containers are imaginary. See README.md.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

func main() {
	// These hand their arguments to a foreign command line, which has to see
	// them unparsed. `version` does not get here: see package release.
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "kubectl":
			runKubectl(os.Args[2:])
			return
		case componentCommand:
			runComponent(os.Args[2:])
			return
		}
	}
	root := &cobra.Command{
		Use:           "k0s",
		Short:         "k0s stand-in: real Kubernetes, imaginary containers",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		controllerCommand(),
		workerCommand(),
		statusCommand(),
		tokenCommand(),
		kubeconfigCommand(),
		backupCommand(),
		restoreCommand(),
		&cobra.Command{Use: "version", Short: "Print the version"},
		&cobra.Command{Use: "kubectl", Short: "Run kubectl with the admin's credential"},
	)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "k0s:", err)
		os.Exit(1)
	}
}
