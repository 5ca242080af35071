package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unsafe"

	cadvisorapi "github.com/google/cadvisor/info/v1"
	"github.com/spf13/pflag"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	fakecadvisor "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubemark"
	taintutils "k8s.io/kubernetes/pkg/util/taints"
)

// newKubeletServer is the kubelet's configuration. Everything it keeps is
// below the data directory, because a worker here runs without root.
func newKubeletServer(v *vars, name string, options workerOptions) (*kubeletoptions.KubeletServer, error) {
	server, err := kubeletoptions.NewKubeletServer()
	if err != nil {
		return nil, err
	}
	server.KubeConfig = v.KubeletAuthConfigPath
	server.RootDirectory = v.KubeletRootDir
	server.CertDirectory = filepath.Join(v.KubeletRootDir, "pki")
	server.PodLogsDir = filepath.Join(v.KubeletRootDir, "logs")
	server.VolumePluginDir = filepath.Join(v.KubeletRootDir, "plugins")
	server.ContainerRuntimeEndpoint = "unix://" + containerSocket(v)
	server.HostnameOverride = name
	for _, label := range splitList(options.labels) {
		key, value, _ := strings.Cut(label, "=")
		server.NodeLabels[key] = value
	}
	if options.taints != "" {
		taints, _, err := taintutils.ParseTaints(splitList(options.taints))
		if err != nil {
			return nil, fmt.Errorf("--taints: %w", err)
		}
		for _, taint := range taints {
			server.RegisterWithTaints = append(server.RegisterWithTaints, taint)
		}
	}
	server.RotateCertificates = true
	server.Authentication.Anonymous.Enabled = false
	server.Authentication.Webhook.Enabled = true
	server.Authorization.Mode = kubeletconfig.KubeletAuthorizationModeWebhook
	server.ReadOnlyPort = 0
	server.ResolverConfig = ""

	// There are no containers to confine, and no right to confine them.
	server.CgroupsPerQOS = false
	server.EnforceNodeAllocatable = nil
	server.FailCgroupV1 = false
	server.LocalStorageCapacityIsolation = false
	server.MaxOpenFiles = 4096
	server.ContainerLogMonitorInterval.Duration = 24 * time.Hour // nothing is logged, so nothing needs rotation

	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	server.AddFlags(flags)
	if err := flags.Parse(splitArgs(options.kubeletArgs)); err != nil {
		return nil, fmt.Errorf("--kubelet-extra-args: %w", err)
	}
	// A node of its own address listens there only, so that many share a machine.
	if server.NodeIP != "" && !flags.Changed("address") {
		server.Address = server.NodeIP
	}
	if server.NodeIP != "" && !flags.Changed("healthz-bind-address") {
		server.HealthzBindAddress = server.NodeIP
	}
	return server, nil
}

func containerSocket(v *vars) string { return filepath.Join(v.RunDir, "containers.sock") }

// runKubelet is the kubelet: the real one, on kubemark's imaginary machine.
func runKubelet(ctx context.Context, v *vars, server *kubeletoptions.KubeletServer) error {
	if err := serveContainers(containerSocket(v), filepath.Join(v.DataDir, "containers.json")); err != nil {
		return err
	}
	tls, err := kubeletapp.InitializeTLS(ctx, &server.KubeletFlags, &server.KubeletConfiguration)
	if err != nil {
		return err
	}
	// Of kubemark's parts this takes those that would touch the machine. The
	// clients, the runtime's client and the prober stay the kubelet's own.
	hollow := kubemark.NewHollowKubelet(&server.KubeletFlags, &server.KubeletConfiguration, nil, nil,
		&machine{fakecadvisor.Fake{NodeName: server.HostnameOverride}}, nil, nil, cm.NewStubContainerManager())
	dependencies := hollow.KubeletDeps
	dependencies.KubeClient, dependencies.HeartbeatClient, dependencies.ProbeManager = nil, nil, nil
	dependencies.TLSOptions = tls
	dependencies.Options = append(dependencies.Options, allowLoopback)
	return kubeletapp.Run(ctx, server, dependencies, utilfeature.DefaultFeatureGate)
}

// allowLoopback lets a node have a loopback address. The kubelet refuses one,
// with reason, but here all hosts are loopback addresses of one machine, and
// the check has no switch.
func allowLoopback(k *kubelet.Kubelet) {
	field := reflect.ValueOf(k).Elem().FieldByName("nodeIPValidator")
	accept := func(net.IP) error { return nil }
	reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Set(reflect.ValueOf(accept))
}

// machine is what the node says it is made of: kubemark's, but large enough
// that a few pods with requests fit.
type machine struct{ fakecadvisor.Fake }

func (m *machine) MachineInfo() (*cadvisorapi.MachineInfo, error) {
	info, err := m.Fake.MachineInfo()
	if err == nil {
		info.NumCores = 4
		info.MemoryCapacity = 8 << 30
	}
	return info, err
}

func (m *machine) VersionInfo() (*cadvisorapi.VersionInfo, error) {
	info, err := m.Fake.VersionInfo()
	if err == nil {
		info.KernelVersion = "k0mini"
		info.ContainerOsVersion = "k0mini"
	}
	return info, err
}
