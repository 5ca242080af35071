package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// status is what the status socket answers, with k0s's field names.
type status struct {
	Version       string
	Pid           int
	Role          string
	Workloads     bool
	SingleNode    bool
	Args          []string
	ClusterConfig *clusterConfig
	K0sVars       *vars
}

// serveStatus answers GET /status on the status socket from now until the
// process ends. k0s opens it before anything else runs, so a watcher sees the
// new process's version as soon as there is a new process.
func serveStatus(v *vars, role string, workload workloadMode, config *clusterConfig) error {
	if err := os.MkdirAll(filepath.Dir(v.StatusSocketPath), 0o755); err != nil {
		return err
	}
	// A socket left by a process that was killed is in the way of the new one.
	if err := os.Remove(v.StatusSocketPath); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", v.StatusSocketPath)
	if err != nil {
		return fmt.Errorf("cannot open the status socket (%d bytes of path; about 107 are possible): %w", len(v.StatusSocketPath), err)
	}
	report := status{
		Version:       reportedVersion(),
		Pid:           os.Getpid(),
		Role:          role,
		Workloads:     workload != noWorkload,
		SingleNode:    workload == singleNode,
		Args:          os.Args,
		ClusterConfig: config,
		K0sVars:       v,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(report)
	})
	go http.Serve(listener, mux)
	return nil
}

func statusCommand() *cobra.Command {
	v, output := vars{}, ""
	command := &cobra.Command{
		Use:   "status",
		Short: "Ask the running process about itself",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			body, err := askStatus(v.StatusSocketPath)
			if err != nil {
				return fmt.Errorf("k0s does not answer at %s: %w", v.StatusSocketPath, err)
			}
			if output == "json" {
				_, err = os.Stdout.Write(body)
				return err
			}
			report := status{}
			if err := json.Unmarshal(body, &report); err != nil {
				return err
			}
			fmt.Printf("Version: %s\nProcess ID: %d\nRole: %s\nWorkloads: %t\nSingleNode: %t\n",
				report.Version, report.Pid, report.Role, report.Workloads, report.SingleNode)
			return nil
		},
	}
	v.addFlags(command.Flags())
	command.Flags().StringVarP(&output, "out", "o", "", "output format: json, or empty for people")
	return command
}

func askStatus(socket string) ([]byte, error) {
	client := http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}},
	}
	response, err := client.Get("http://k0s/status")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}
