package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const (
	serviceRange   = "10.96.0.0/12"
	serviceAddress = "10.96.0.1" // the first of the range: the Service "kubernetes"
	// kubeletClientUser is who the API server is to kubelets.
	kubeletClientUser = "apiserver-kubelet-client"
)

// controlPlane is a controller's components in the order they need each other.
// Every one of them listens on the controller's own address only: any number
// of controllers can share a machine on loopback addresses, with default ports.
func controlPlane(v *vars, config *clusterConfig, name string) ([]*child, error) {
	spec := config.Spec
	members, err := config.initialCluster(name)
	if err != nil {
		return nil, err
	}
	pki := func(path string) string { return filepath.Join(v.CertRootDir, path) }
	etcdHealthy, err := probe(config.etcdURL()+"/health", pki("etcd/ca.crt"), pki("apiserver-etcd-client"))
	if err != nil {
		return nil, err
	}
	apiReady, err := apiServerProbe(v, config)
	if err != nil {
		return nil, err
	}

	return []*child{
		{name: etcd, args: flags(map[string]string{
			"name":                        name,
			"data-dir":                    v.EtcdDataDir,
			"listen-client-urls":          config.etcdURL(),
			"advertise-client-urls":       config.etcdURL(),
			"listen-peer-urls":            config.peerURL(),
			"initial-advertise-peer-urls": config.peerURL(),
			"initial-cluster":             members,
			"initial-cluster-state":       "new",
			"client-cert-auth":            "true",
			"trusted-ca-file":             pki("etcd/ca.crt"),
			"cert-file":                   pki("etcd/server.crt"),
			"key-file":                    pki("etcd/server.key"),
			"peer-client-cert-auth":       "true",
			"peer-trusted-ca-file":        pki("etcd/ca.crt"),
			"peer-cert-file":              pki("etcd/peer.crt"),
			"peer-key-file":               pki("etcd/peer.key"),
			"log-level":                   "warn",
		}, spec.Storage.Etcd.ExtraArgs)},

		{name: kubeAPIServer, ready: etcdHealthy, args: flags(map[string]string{
			"bind-address":      spec.API.Address,
			"advertise-address": spec.API.Address,
			"secure-port":       strconv.Itoa(spec.API.Port),
			// Loopback addresses are refused as endpoints of the Service
			// "kubernetes"; with imaginary containers nobody would use it.
			"endpoint-reconciler-type": "none",
			// The local member only: a controller whose etcd is gone is gone.
			"etcd-servers":                     config.etcdURL(),
			"etcd-cafile":                      pki("etcd/ca.crt"),
			"etcd-certfile":                    pki("apiserver-etcd-client.crt"),
			"etcd-keyfile":                     pki("apiserver-etcd-client.key"),
			"tls-cert-file":                    pki("server.crt"),
			"tls-private-key-file":             pki("server.key"),
			"client-ca-file":                   pki("ca.crt"),
			"kubelet-client-certificate":       pki("apiserver-kubelet-client.crt"),
			"kubelet-client-key":               pki("apiserver-kubelet-client.key"),
			"kubelet-preferred-address-types":  "InternalIP",
			"service-account-issuer":           "https://kubernetes.default.svc",
			"service-account-key-file":         pki("sa.pub"),
			"service-account-signing-key-file": pki("sa.key"),
			"service-cluster-ip-range":         serviceRange,
			"authorization-mode":               "Node,RBAC",
			"enable-admission-plugins":         "NodeRestriction",
			"allow-privileged":                 "true",
			"profiling":                        "false",
			// Without it the API server waits up to a minute at its end for
			// kubelets to let go of their watches; with it they are told to.
			"shutdown-watch-termination-grace-period": "10s",
			// It takes its identity from the kernel's hostname, which the
			// controllers on one machine share; they would fight over its lease.
			"feature-gates": "APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
		}, spec.API.ExtraArgs)},

		{name: kubeControllerManager, ready: apiReady, args: flags(map[string]string{
			"bind-address":                     spec.API.Address,
			"kubeconfig":                       pki("ccm.conf"),
			"authentication-kubeconfig":        pki("ccm.conf"),
			"authorization-kubeconfig":         pki("ccm.conf"),
			"root-ca-file":                     pki("ca.crt"),
			"client-ca-file":                   pki("ca.crt"),
			"cluster-signing-cert-file":        pki("ca.crt"),
			"cluster-signing-key-file":         pki("ca.key"),
			"service-account-private-key-file": pki("sa.key"),
			"service-cluster-ip-range":         serviceRange,
			"use-service-account-credentials":  "true",
			// The default rate keeps the controllers from starting for 5 s.
			"kube-api-qps":   "200",
			"kube-api-burst": "400",
			"profiling":      "false",
		}, spec.ControllerManager.ExtraArgs)},

		{name: kubeScheduler, ready: apiReady, args: flags(map[string]string{
			"bind-address":              spec.API.Address,
			"kubeconfig":                pki("scheduler.conf"),
			"authentication-kubeconfig": pki("scheduler.conf"),
			"authorization-kubeconfig":  pki("scheduler.conf"),
			"profiling":                 "false",
		}, spec.Scheduler.ExtraArgs)},
	}, nil
}

// apiServerProbe asks whether this controller's own API server is ready.
func apiServerProbe(v *vars, config *clusterConfig) (func(context.Context) bool, error) {
	return probe(config.localURL()+"/readyz", filepath.Join(v.CertRootDir, "ca.crt"), "")
}

// probe makes a question "does this URL answer 200 OK?". The certificate to
// show is at pair.{crt,key}; with none, the question is asked anonymously.
func probe(url, caFile, pair string) (func(context.Context) bool, error) {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(ca)
	if pair != "" {
		cert, err := tls.LoadX509KeyPair(pair+".crt", pair+".key")
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{cert}
	}
	client := &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
	return func(ctx context.Context) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, nil
}
