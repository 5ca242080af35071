// Command old-reader asks an update server as k0s's own two updaters do, with Go's client and the same reader
// of YAML, and prints what it has understood as JSON. It stands for the clusters that know nothing of the
// extended index.
//
//	old-reader periodic SERVER CHANNEL
//	old-reader cron SERVER CHANNEL
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"sigs.k8s.io/yaml"
)

// What the periodic updater reads. Its readers go by these names in any case.
type periodicUpdate struct {
	Version      string
	DownloadURLs []struct {
		Arch, OS, K0S, K0SSha256, AirgapBundle, AirgapSha256 string
	}
}

// What the cron updater reads.
type cronUpdate struct {
	Version      string
	DownloadURLs map[string]map[string]string
}

// Sent with each periodic poll; the underscores are k0s's.
var headers = map[string]string{
	"K0S_StorageType":            "etcd",
	"K0S_ClusterID":              "kube-system:0b4b5ac4-25f5-4a0c-a4ac-0c1d4f7b5a11",
	"K0S_ControlPlaneNodesCount": "3",
	"K0S_Version":                "v1.36.1+k0s.0",
	"K0S_Arch":                   "amd64",
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("wanted periodic or cron, a server and a channel"))
	}
	protocol, server, channel := os.Args[1], os.Args[2], os.Args[3]
	var update any
	address, err := url.Parse(server)
	if err != nil {
		fail(err)
	}
	sent := map[string]string{"Authorization": "Bearer secret"}
	switch protocol {
	case "periodic":
		update = &periodicUpdate{}
		address.Path += "/" + channel + "/index.yaml"
		for name, value := range headers {
			sent[name] = value
		}
	case "cron":
		update = &cronUpdate{}
		// the whole path of the server's address is replaced
		address.Path = channel
		address.RawQuery = url.Values{
			"clusterID":        {"kube-system:0b4b5ac4-25f5-4a0c-a4ac-0c1d4f7b5a11"},
			"lastUpdateStatus": {"Completed"},
			"currentVersion":   {"v1.36.1+k0s.0"},
		}.Encode()
	default:
		fail(fmt.Errorf("wanted periodic or cron, found %s", protocol))
	}
	if err := read(address.String(), sent, update); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(update); err != nil {
		fail(err)
	}
}

func read(address string, sent map[string]string, update any) error {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	for name, value := range sent {
		request.Header.Add(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("wanted 200 from %s, found %s", address, response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(body, update)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
