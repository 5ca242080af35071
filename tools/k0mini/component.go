package main

import (
	"fmt"
	"os"

	"autopilot/k0mini/release"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the components' client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // the components' build metric
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// componentCommand is the hidden command under which a controller starts
// itself again as one of the components. Each is a process of its own, as with
// k0s: a component may end its process whenever it sees fit, and some do, for
// example when they lose their leader election.
const componentCommand = "component"

const (
	etcd                  = "etcd"
	kubeAPIServer         = "kube-apiserver"
	kubeControllerManager = "kube-controller-manager"
	kubeScheduler         = "kube-scheduler"
	kubeletComponent      = "kubelet"
)

// runComponent is the component named first, with its own command line after it.
func runComponent(args []string) {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "k0s: no component named")
		os.Exit(1)
	}
	if args[0] == kubeAPIServer && release.Fault == faultAPIServer {
		failOnPurpose(kubeAPIServer + " cannot start")
	}
	os.Args = args
	commands := map[string]func() *cobra.Command{
		kubeAPIServer:         apiserver.NewAPIServerCommand,
		kubeControllerManager: controllermanager.NewControllerManagerCommand,
		kubeScheduler:         func() *cobra.Command { return scheduler.NewSchedulerCommand() },
		kubeletComponent:      kubeletCommand,
	}
	if args[0] == etcd {
		etcdmain.Main(args)
		return
	}
	command := commands[args[0]]
	if command == nil {
		fmt.Fprintf(os.Stderr, "k0s: unknown component %q\n", args[0])
		os.Exit(1)
	}
	os.Exit(cli.Run(command()))
}
