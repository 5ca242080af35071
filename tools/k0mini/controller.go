package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"autopilot/k0mini/release"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func controllerCommand() *cobra.Command {
	v, options := vars{}, controllerOptions{}
	command := &cobra.Command{
		Use:   "controller",
		Short: "Run a controller: etcd and the control plane",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			failIfBroken("controller")
			ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
			defer cancel()
			return runController(ctx, &v, options)
		},
	}
	v.addFlags(command.Flags())
	v.addKubeletFlags(command.Flags())
	options.addFlags(command.Flags())
	return command
}

// controllerOptions are a controller's own flags.
type controllerOptions struct {
	config, tokenFile string
	// k0s's component of that name is not in here: there is nothing to disable.
	disabled []string
	workload workloadOptions
}

func (o *controllerOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringVarP(&o.config, "config", "c", "/etc/k0s/k0s.yaml", "the cluster's configuration")
	fs.StringVar(&o.tokenFile, "token-file", "", "token of a cluster to join")
	fs.StringSliceVar(&o.disabled, "disable-components", nil, "taken and remembered; what could be disabled is not in here")
	o.workload.addFlags(fs)
}

// runController runs until ctx ends.
func runController(ctx context.Context, v *vars, options controllerOptions) error {
	configPath, tokenFile, workload := options.config, options.tokenFile, options.workload.mode()
	if workload == singleNode && tokenFile != "" {
		return errors.New("--single is a cluster of its own: it joins none by --token-file")
	}
	if err := v.complete(); err != nil {
		return err
	}
	config, err := loadConfig(configPath)
	if err != nil {
		return err
	}
	name, err := nodeName()
	if err != nil {
		return err
	}
	if release.Fault != faultAPIServer {
		if err := serveStatus(v, "controller", workload, config); err != nil {
			return err
		}
		defer os.Remove(v.StatusSocketPath)
	}
	if tokenFile != "" {
		if err := joinController(v, tokenFile); err != nil {
			return err
		}
	}
	if err := prepareController(v, config, configPath, name); err != nil {
		return err
	}
	children, err := controlPlane(v, config, name)
	if err != nil {
		return err
	}
	logf("controller %s, version %s", name, release.Version)
	apiReady, err := apiServerProbe(v, config)
	if err != nil {
		return err
	}
	if workload != noWorkload {
		kubelet, err := workloadChild(v, config, options.workload, apiReady)
		if err != nil {
			return err
		}
		children = append(children, kubelet...)
	}
	go dieLater(ctx, "controller", apiReady)
	go loseRoutes(ctx)
	go createMissing(ctx, v)
	go applyStacks(ctx, v)
	if workload == withWorkload {
		go labelRole(ctx, v)
	}
	supervise(ctx, children)
	return nil
}

// prepareController issues everything this controller's components identify
// themselves with. Leaf certificates are made anew at every start, so that they
// follow the configuration and never expire on a cluster that is kept updated.
func prepareController(v *vars, config *clusterConfig, configPath, name string) error {
	if err := ensurePKI(v.CertRootDir); err != nil {
		return err
	}
	raw, err := os.ReadFile(configPath)
	if err != nil {
		return err
	}
	if err := writeFile(v.configCopy(), raw); err != nil {
		return err
	}
	api := config.Spec.API
	pki := func(path string) string { return filepath.Join(v.CertRootDir, path) }
	for _, cert := range []struct {
		ca, path string
		leaf     leaf
	}{
		{"ca", "server", leaf{name: "kubernetes", hosts: append([]string{
			api.Address, api.ExternalAddress, "127.0.0.1", "localhost", name, serviceAddress,
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		}, api.SANs...)}},
		{"ca", "apiserver-kubelet-client", leaf{name: kubeletClientUser}},
		{"etcd/ca", "apiserver-etcd-client", leaf{name: "apiserver-etcd-client"}},
		{"etcd/ca", "etcd/server", leaf{name: name, hosts: []string{api.Address, "127.0.0.1", "localhost"}}},
		// etcd compares a peer's certificate with the address it calls from, and
		// members on loopback addresses of one machine all call from 127.0.0.1.
		{"etcd/ca", "etcd/peer", leaf{name: name, hosts: []string{config.Spec.Storage.Etcd.PeerAddress, api.Address, "127.0.0.1"}}},
	} {
		if err := issueFiles(pki(cert.ca), pki(cert.path), cert.leaf); err != nil {
			return err
		}
	}
	for _, user := range []struct {
		file, name string
		groups     []string
	}{
		{"admin.conf", "kubernetes-admin", []string{"system:masters"}},
		{"ccm.conf", "system:kube-controller-manager", nil},
		{"scheduler.conf", "system:kube-scheduler", nil},
	} {
		kubeconfig, err := newKubeconfig(v, config.localURL(), user.name, user.groups)
		if err != nil {
			return err
		}
		if err := writeFile(pki(user.file), kubeconfig); err != nil {
			return err
		}
	}
	return nil
}
