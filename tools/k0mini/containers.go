package main

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path"
	"path/filepath"

	"google.golang.org/grpc"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	criapitest "k8s.io/cri-api/pkg/apis/testing"
	fakecri "k8s.io/cri-client/pkg/fake"
)

// containers is the node's container runtime: Kubernetes's fake one, behind
// the real interface, and with a memory. k0s's containers outlive its process,
// and a kubelet that starts again finds them running; these are written to a
// file for the same effect.
type containers struct {
	fakecri.RemoteRuntime
	file string
}

// containerState is the file's content.
type containerState struct {
	Sandboxes  map[string]*criapitest.FakePodSandbox
	Containers map[string]*criapitest.FakeContainer
}

// changing are the calls after which the state is written.
var changing = map[string]bool{
	"RunPodSandbox": true, "StopPodSandbox": true, "RemovePodSandbox": true,
	"CreateContainer": true, "StartContainer": true, "StopContainer": true, "RemoveContainer": true,
}

// serveContainers serves the runtime on a unix socket until the process ends.
func serveContainers(socket, file string) error {
	c := &containers{file: file}
	c.RuntimeService = criapitest.NewFakeRuntimeService()
	c.ImageService = criapitest.NewFakeImageService()
	c.ImageService.SetFakeImageSize(1) // an image without a size is taken for a broken one
	c.RuntimeService.FakeStatus = &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true},
		{Type: runtimeapi.NetworkReady, Status: true},
	}}
	criapitest.FakeRuntimeName = "k0mini"
	if err := c.load(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return err
	}
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("cannot open the container runtime's socket: %w", err)
	}
	server := grpc.NewServer(grpc.UnaryInterceptor(c.remember))
	runtimeapi.RegisterRuntimeServiceServer(server, c)
	runtimeapi.RegisterImageServiceServer(server, c)
	go server.Serve(listener)
	return nil
}

// RunPodSandbox gives every pod an address of its own, where the fake gives
// all of them the same.
func (c *containers) RunPodSandbox(ctx context.Context, request *runtimeapi.RunPodSandboxRequest) (*runtimeapi.RunPodSandboxResponse, error) {
	response, err := c.RemoteRuntime.RunPodSandbox(ctx, request)
	if err != nil {
		return nil, err
	}
	hash := fnv.New32a()
	hash.Write([]byte(response.PodSandboxId))
	sum := hash.Sum32()
	c.RuntimeService.Lock()
	defer c.RuntimeService.Unlock()
	c.RuntimeService.Sandboxes[response.PodSandboxId].Network.Ip = fmt.Sprintf("10.244.%d.%d", sum>>8&0xff, 1+sum&0xff%254)
	return response, nil
}

// remember writes the state after each call that changes it.
func (c *containers) remember(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	response, err := handle(ctx, request)
	if err == nil && changing[path.Base(info.FullMethod)] {
		err = c.save()
	}
	return response, err
}

func (c *containers) save() error {
	c.RuntimeService.Lock()
	defer c.RuntimeService.Unlock()
	c.RuntimeService.Called = nil // the fake's record of calls would grow for ever
	content, err := json.Marshal(containerState{c.RuntimeService.Sandboxes, c.RuntimeService.Containers})
	if err != nil {
		return err
	}
	return writeFile(c.file, content)
}

func (c *containers) load() error {
	content, err := os.ReadFile(c.file)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	state := containerState{}
	if err := json.Unmarshal(content, &state); err != nil {
		return fmt.Errorf("%s: %w", c.file, err)
	}
	for id, sandbox := range state.Sandboxes {
		c.RuntimeService.Sandboxes[id] = sandbox
	}
	for id, container := range state.Containers {
		c.RuntimeService.Containers[id] = container
	}
	return nil
}
