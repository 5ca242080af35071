package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// A token is base64 of gzip, as k0s's are. Inside is, for a worker, a
// bootstrap kubeconfig; for a controller, the shared part of the PKI, which
// k0s would hand out through its join API instead.

func tokenCommand() *cobra.Command {
	v, role, config := vars{}, "", ""
	create := &cobra.Command{
		Use:   "create --role controller|worker",
		Short: "Print a token with which a host joins; works offline",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			if err := ensurePKI(v.CertRootDir); err != nil {
				return err
			}
			content, err := tokenContent(&v, role, config)
			if err != nil {
				return err
			}
			token, err := encodeToken(content)
			if err == nil {
				fmt.Println(token)
			}
			return err
		},
	}
	v.addFlags(create.Flags())
	create.Flags().StringVar(&role, "role", "worker", "what joins: controller or worker")
	create.Flags().StringVar(&config, "config", "", "the controller's k0s.yaml, before its first start")
	command := &cobra.Command{Use: "token", Short: "Make join tokens"}
	command.AddCommand(create)
	return command
}

func tokenContent(v *vars, role, config string) ([]byte, error) {
	switch role {
	case "controller":
		files := map[string]string{}
		for _, name := range sharedFiles {
			content, err := os.ReadFile(filepath.Join(v.CertRootDir, name))
			if err != nil {
				return nil, err
			}
			files[name] = string(content)
		}
		return json.Marshal(files)
	case "worker":
		cluster, err := findConfig(config, v)
		if err != nil {
			return nil, err
		}
		return newKubeconfig(v, cluster.externalURL(), "kubelet-bootstrap", []string{"system:bootstrappers"})
	}
	return nil, fmt.Errorf("--role is %q, wanted controller or worker", role)
}

func encodeToken(content []byte) (string, error) {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(content); err != nil {
		return "", err
	}
	if err := writer.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

func readToken(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	packed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, fmt.Errorf("%s holds no token: %w", path, err)
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s holds no token: %w", path, err)
	}
	return io.ReadAll(reader)
}

// joinController puts the PKI of a controller's token in place, once.
func joinController(v *vars, tokenFile string) error {
	if exists(filepath.Join(v.CertRootDir, "ca.key")) {
		return nil
	}
	content, err := readToken(tokenFile)
	if err != nil {
		return err
	}
	files := map[string]string{}
	if err := json.Unmarshal(content, &files); err != nil {
		return fmt.Errorf("%s is not a controller's token: %w", tokenFile, err)
	}
	if err := os.MkdirAll(filepath.Join(v.CertRootDir, "etcd"), 0o700); err != nil {
		return err
	}
	for _, name := range sharedFiles {
		if files[name] == "" {
			return fmt.Errorf("%s is not a controller's token: it lacks %s", tokenFile, name)
		}
	}
	// In this order ca.key is not the last file, yet its presence is taken for
	// completeness above: write it at the very end.
	for _, name := range sharedFiles {
		if name == "ca.key" {
			continue
		}
		if err := writeFile(filepath.Join(v.CertRootDir, name), []byte(files[name])); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(v.CertRootDir, "ca.key"), []byte(files["ca.key"]))
}
