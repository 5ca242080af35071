package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

const stackLabel = "k0s.k0sproject.io/stack"

// stackRetry is how long what could not be applied waits: k0s itself takes
// half a minute, which no test has.
const stackRetry = 2 * time.Second

// stacks applies what lies in the folders below <data-dir>/manifests, each a
// stack, its files by name and each from top to bottom, as k0s does. What
// leaves a folder stays in the cluster, where k0s would delete it.
type stacks struct {
	folder string
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
	// applied are the contents that are in the cluster, by folder.
	applied map[string][sha256.Size]byte
}

// applyStacks goes on until ctx ends.
func applyStacks(ctx context.Context, v *vars) {
	for ; ; sleep(ctx, stackRetry) {
		if ctx.Err() != nil {
			return
		}
		config, err := clientcmd.BuildConfigFromFlags("", v.AdminKubeConfigPath)
		if err != nil {
			continue
		}
		client, err := dynamic.NewForConfig(config)
		if err != nil {
			continue
		}
		known, err := discovery.NewDiscoveryClientForConfig(config)
		if err != nil {
			continue
		}
		s := stacks{
			folder:  filepath.Join(v.DataDir, "manifests"),
			client:  client,
			mapper:  restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(known)),
			applied: map[string][sha256.Size]byte{},
		}
		for ctx.Err() == nil {
			s.look(ctx)
			sleep(ctx, stackRetry)
		}
	}
}

func (s *stacks) look(ctx context.Context) {
	folders, err := os.ReadDir(s.folder)
	if err != nil {
		return
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		files, err := filepath.Glob(filepath.Join(s.folder, folder.Name(), "*.yaml"))
		if err != nil || len(files) == 0 {
			continue
		}
		var content bytes.Buffer
		for _, file := range files { // sorted by name
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			content.WriteString("\n---\n")
			content.Write(text)
		}
		digest := sha256.Sum256(content.Bytes())
		if s.applied[folder.Name()] == digest {
			continue
		}
		if err := s.apply(ctx, folder.Name(), content.Bytes()); err != nil {
			logf("stack %s: %v", folder.Name(), err)
			continue
		}
		s.applied[folder.Name()] = digest
		logf("stack %s applied", folder.Name())
	}
}

func (s *stacks) apply(ctx context.Context, stack string, content []byte) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	var failures []error
	for {
		object := unstructured.Unstructured{}
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return errors.Join(failures...)
		} else if err != nil {
			return err
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := s.applyOne(ctx, stack, &object); err != nil {
			failures = append(failures, err)
		}
	}
}

func (s *stacks) applyOne(ctx context.Context, stack string, object *unstructured.Unstructured) error {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[stackLabel] = stack
	object.SetLabels(labels)
	kind := object.GroupVersionKind()
	mapping, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		s.mapper.Reset()
		return err
	} else if err != nil {
		return err
	}
	var at dynamic.ResourceInterface = s.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		at = s.client.Resource(mapping.Resource).Namespace(object.GetNamespace())
	}
	data, err := object.MarshalJSON()
	if err != nil {
		return err
	}
	force := true
	_, err = at.Patch(ctx, object.GetName(), types.ApplyPatchType, data, metav1.PatchOptions{FieldManager: "k0s", Force: &force})
	return err
}
