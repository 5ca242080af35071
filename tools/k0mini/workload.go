package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"autopilot/k0mini/release"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// workloadMode is whether a host runs pods.
type workloadMode int

const (
	noWorkload workloadMode = iota
	withWorkload
	// singleNode is a whole cluster on one host.
	singleNode
)

// What k0s gives the Node of a controller.
const (
	controllerLabel = "node.k0sproject.io/role=control-plane"
	controllerTaint = "node-role.kubernetes.io/control-plane:NoSchedule"
	// roleLabel is one that a kubelet may not give itself.
	roleLabel = "node-role.kubernetes.io/control-plane"
)

// workloadOptions are a controller's flags about its kubelet.
type workloadOptions struct {
	enableWorker, single, noTaints bool
	worker                         workerOptions
}

func (o *workloadOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.enableWorker, "enable-worker", false, "run a kubelet as well")
	fs.BoolVar(&o.single, "single", false, "a cluster of this one host: a controller with a kubelet, without a taint")
	fs.BoolVar(&o.noTaints, "no-taints", false, "leave the node without the taint of controllers")
	o.worker.addFlags(fs)
}

func (o *workloadOptions) mode() workloadMode {
	switch {
	case o.single:
		return singleNode
	case o.enableWorker:
		return withWorkload
	}
	return noWorkload
}

// workloadChild is the kubelet of a controller, a process of its own as every
// component. It joins with a token that the controller makes for itself.
func workloadChild(v *vars, config *clusterConfig, options workloadOptions, apiReady func(context.Context) bool) ([]*child, error) {
	if release.Fault == faultKubelet {
		logf("no kubelet: this release is broken on purpose (fault %q)", release.Fault)
		return nil, nil
	}
	tokenFile := filepath.Join(v.DataDir, "kubelet-token")
	bootstrap, err := newKubeconfig(v, config.externalURL(), "kubelet-bootstrap", []string{"system:bootstrappers"})
	if err != nil {
		return nil, err
	}
	token, err := encodeToken(bootstrap)
	if err != nil {
		return nil, err
	}
	if err := writeFile(tokenFile, []byte(token)); err != nil {
		return nil, err
	}
	worker := options.worker
	labels, taints := worker.labels, worker.taints
	if !options.single {
		labels = joinLists(labels, controllerLabel)
		if !options.noTaints {
			taints = joinLists(taints, controllerTaint)
		}
	}
	return []*child{{name: kubeletComponent, ready: apiReady, args: flags(map[string]string{
		"data-dir":           v.DataDir,
		"run-dir":            v.RunDir,
		"kubelet-root-dir":   v.KubeletRootDir,
		"token-file":         tokenFile,
		"labels":             labels,
		"taints":             taints,
		"profile":            worker.profile,
		"kubelet-extra-args": worker.kubeletArgs,
	}, nil)}}, nil
}

// labelRole gives the node its role as soon as there is one, and again when
// somebody takes it away.
func labelRole(ctx context.Context, v *vars) {
	patch := []byte(`{"metadata":{"labels":{"` + roleLabel + `":"true"}}}`)
	for {
		err := patchOwnNodes(ctx, v, patch)
		pause := time.Minute
		if err != nil {
			pause = time.Second
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// patchOwnNodes patches the nodes of controllers that have no role yet; as in
// k0s any controller does, for all of them.
func patchOwnNodes(ctx context.Context, v *vars, patch []byte) error {
	client, err := adminClient(v)
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: controllerLabel})
	if err != nil {
		return err
	}
	for _, node := range nodes.Items {
		if node.Labels[roleLabel] == "true" {
			continue
		}
		if _, err := client.CoreV1().Nodes().Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	if len(nodes.Items) == 0 {
		return errors.New("no controller has a node yet")
	}
	return nil
}

func joinLists(list, more string) string {
	if list == "" {
		return more
	}
	return list + "," + more
}

// kubeletCommand is the component: a worker's kubelet without a worker's status socket.
func kubeletCommand() *cobra.Command {
	v, options := vars{}, workerOptions{}
	command := &cobra.Command{
		Use:  kubeletComponent,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			if options.tokenFile == "" {
				return errors.New("--token-file is missing")
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
