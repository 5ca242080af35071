package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// clusterConfig is the part of k0s's ClusterConfig that k0mini understands.
// Unknown fields are ignored, so that a configuration written for k0s loads.
type clusterConfig struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]any    `json:"metadata,omitempty"`
	Spec       clusterConfigSpec `json:"spec"`
}

type clusterConfigSpec struct {
	API               apiConfig     `json:"api"`
	ControllerManager extraArgs     `json:"controllerManager"`
	Scheduler         extraArgs     `json:"scheduler"`
	Storage           storageConfig `json:"storage"`
}

type apiConfig struct {
	Address         string            `json:"address"`
	Port            int               `json:"port"`
	ExternalAddress string            `json:"externalAddress,omitempty"`
	SANs            []string          `json:"sans,omitempty"`
	ExtraArgs       map[string]string `json:"extraArgs,omitempty"`
}

type extraArgs struct {
	ExtraArgs map[string]string `json:"extraArgs,omitempty"`
}

type storageConfig struct {
	Etcd etcdConfig `json:"etcd"`
}

type etcdConfig struct {
	PeerAddress string            `json:"peerAddress,omitempty"`
	ExtraArgs   map[string]string `json:"extraArgs,omitempty"`
	// InitialCluster is k0mini's own: the peer URL of every member by its
	// host's name. k0s lets controllers join one by one through a join API;
	// here the members are known beforehand and start together.
	InitialCluster map[string]string `json:"initialCluster,omitempty"`
}

// loadConfig reads a ClusterConfig and fills in what it leaves open.
func loadConfig(path string) (*clusterConfig, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	config := &clusterConfig{}
	if err := yaml.Unmarshal(raw, config); err != nil {
		return nil, fmt.Errorf("cannot read the configuration %s: %w", path, err)
	}
	if config.Kind != "" && config.Kind != "ClusterConfig" {
		return nil, fmt.Errorf("%s holds a %s, wanted a ClusterConfig", path, config.Kind)
	}
	api := &config.Spec.API
	if api.Address == "" {
		api.Address = "127.0.0.1"
	}
	if net.ParseIP(api.Address) == nil {
		return nil, fmt.Errorf("%s: spec.api.address is %q, wanted an IP address of this host", path, api.Address)
	}
	if api.Port == 0 {
		api.Port = 6443
	}
	etcd := &config.Spec.Storage.Etcd
	if etcd.PeerAddress == "" {
		etcd.PeerAddress = api.Address
	}
	return config, nil
}

// findConfig loads the configuration for a command that works offline: the
// file it was given, else the one the controller of this data directory runs with.
func findConfig(path string, v *vars) (*clusterConfig, error) {
	if path != "" {
		return loadConfig(path)
	}
	config, err := loadConfig(v.configCopy())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the API's address is not known: no controller has run in %s yet; name its configuration with --config", v.DataDir)
	}
	return config, err
}

// localURL is the API server of this host.
func (c *clusterConfig) localURL() string { return c.url(c.Spec.API.Address) }

// externalURL is the API as other hosts and people reach it.
func (c *clusterConfig) externalURL() string {
	if external := c.Spec.API.ExternalAddress; external != "" {
		return c.url(external)
	}
	return c.localURL()
}

func (c *clusterConfig) url(host string) string {
	return "https://" + net.JoinHostPort(host, strconv.Itoa(c.Spec.API.Port))
}

func (c *clusterConfig) etcdURL() string {
	return "https://" + net.JoinHostPort(c.Spec.API.Address, "2379")
}

// initialCluster is the member list in etcd's notation.
func (c *clusterConfig) initialCluster(name string) (string, error) {
	members := c.Spec.Storage.Etcd.InitialCluster
	if len(members) == 0 {
		return name + "=" + c.peerURL(), nil
	}
	if members[name] == "" {
		return "", fmt.Errorf("spec.storage.etcd.initialCluster names %s, but this host is %q (K0MINI_HOSTNAME, else the hostname)",
			strings.Join(slices.Sorted(maps.Keys(members)), ", "), name)
	}
	var list []string
	for _, member := range slices.Sorted(maps.Keys(members)) {
		list = append(list, member+"="+members[member])
	}
	return strings.Join(list, ","), nil
}

func (c *clusterConfig) peerURL() string {
	return "https://" + net.JoinHostPort(c.Spec.Storage.Etcd.PeerAddress, "2380")
}

// flags turns a component's arguments into a command line; what the
// configuration says wins over what k0mini wants.
func flags(args, extra map[string]string) []string {
	all := maps.Clone(args)
	maps.Copy(all, extra)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, "--"+name+"="+all[name])
	}
	return list
}
