package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"autopilot/k0mini/release"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/kubelet/certificate/bootstrap"
)

// workerOptions are a worker's own flags.
type workerOptions struct {
	tokenFile   string
	labels      string
	taints      string
	profile     string
	kubeletArgs string
}

// addFlags gives a command that runs a kubelet k0s's flags for it.
func (o *workerOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.labels, "labels", "", "labels of the node: key=value, separated by commas")
	fs.StringVar(&o.taints, "taints", "", "taints of the node: key=value:effect, separated by commas")
	fs.StringVar(&o.profile, "profile", "default", "worker profile; there are none here, so any name is as good as another")
	fs.StringVar(&o.kubeletArgs, "kubelet-extra-args", "", "more flags for the kubelet, separated by spaces")
}

func workerCommand() *cobra.Command {
	v, options := vars{}, workerOptions{}
	command := &cobra.Command{
		Use:   "worker",
		Short: "Run a worker: a kubelet",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			failIfBroken("worker")
			// Nothing here needs an orderly end. The containers are to survive,
			// and a kubelet is made to be killed.
			stop := make(chan os.Signal, 1)
			signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
			go func() {
				<-stop
				os.Remove(v.StatusSocketPath)
				os.Exit(0)
			}()
			if err := v.complete(); err != nil {
				return err
			}
			if err := serveStatus(&v, "worker", withWorkload, nil); err != nil {
				return err
			}
			logf("worker, version %s", release.Version)
			go dieLater(context.Background(), "worker", nil)
			go loseRoutes(context.Background())
			if release.Fault == faultKubelet {
				logf("no kubelet: this release is broken on purpose (fault %q)", release.Fault)
				select {}
			}
			return runWorker(context.Background(), &v, options)
		},
	}
	v.addFlags(command.Flags())
	v.addKubeletFlags(command.Flags())
	options.addFlags(command.Flags())
	command.Flags().StringVar(&options.tokenFile, "token-file", "", "token of the cluster to join")
	return command
}

// runWorker joins the cluster if need be and is the kubelet from then on.
func runWorker(ctx context.Context, v *vars, options workerOptions) error {
	name, err := nodeName()
	if err != nil {
		return err
	}
	server, err := newKubeletServer(v, name, options)
	if err != nil {
		return err
	}
	if server.HostnameOverride != "" {
		name = server.HostnameOverride
	}
	if err := join(ctx, v, name, options.tokenFile); err != nil {
		return err
	}
	return runKubelet(ctx, v, server)
}

// join obtains the node's credential by TLS bootstrap and writes kubelet.conf.
// A worker that has one needs no token any more.
func join(ctx context.Context, v *vars, name, tokenFile string) error {
	certDir := filepath.Join(v.KubeletRootDir, "pki")
	for _, dir := range []string{certDir, v.CertRootDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if exists(v.KubeletAuthConfigPath) {
		return nil
	}
	if tokenFile == "" {
		return fmt.Errorf("this worker has not joined a cluster yet: name its token with --token-file")
	}
	token, err := readToken(tokenFile)
	if err != nil {
		return err
	}
	bootstrapConf := filepath.Join(v.DataDir, "kubelet-bootstrap.conf")
	if err := writeFile(bootstrapConf, token); err != nil {
		return err
	}
	defer os.Remove(bootstrapConf)
	// The control plane may be on its way up; a worker waits for it.
	for {
		err := bootstrap.LoadClientCert(ctx, v.KubeletAuthConfigPath, bootstrapConf, certDir, types.NodeName(name))
		if err == nil {
			return nil
		}
		logf("cannot join yet: %v", err)
		if !sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

// splitArgs splits the value of --kubelet-extra-args, dropping the quotes
// service managers leave around single flags.
func splitArgs(args string) []string {
	fields := strings.Fields(args)
	for i := range fields {
		fields[i] = strings.Trim(fields[i], `"'`)
	}
	return fields
}
