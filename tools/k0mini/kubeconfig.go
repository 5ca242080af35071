package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// newKubeconfig issues a credential for a user and wraps it, with everything
// embedded, in a kubeconfig for the API at server.
func newKubeconfig(v *vars, server, user string, groups []string) ([]byte, error) {
	ca := filepath.Join(v.CertRootDir, "ca")
	caPEM, err := os.ReadFile(ca + ".crt")
	if err != nil {
		return nil, err
	}
	cert, key, err := issue(ca, leaf{name: user, groups: groups})
	if err != nil {
		return nil, err
	}
	keyPEM, err := keyToPEM(key)
	if err != nil {
		return nil, err
	}
	return clientcmd.Write(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"k0s": {Server: server, CertificateAuthorityData: caPEM}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{user: {ClientCertificateData: cert, ClientKeyData: keyPEM}},
		Contexts:       map[string]*clientcmdapi.Context{"k0s": {Cluster: "k0s", AuthInfo: user}},
		CurrentContext: "k0s",
	})
}

func kubeconfigCommand() *cobra.Command {
	command := &cobra.Command{Use: "kubeconfig", Short: "Make or print credentials for the API"}
	command.AddCommand(kubeconfigCreateCommand(), kubeconfigAdminCommand())
	return command
}

// kubeconfigCreateCommand needs nothing but the data directory: it signs with
// the authority's key, so it works while the API is down.
func kubeconfigCreateCommand() *cobra.Command {
	v, groups, config := vars{}, "", ""
	command := &cobra.Command{
		Use:   "create USER",
		Short: "Print a kubeconfig for a user",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			cluster, err := findConfig(config, &v)
			if err != nil {
				return err
			}
			if err := ensurePKI(v.CertRootDir); err != nil {
				return err
			}
			out, err := newKubeconfig(&v, cluster.externalURL(), args[0], splitList(groups))
			if err == nil {
				_, err = os.Stdout.Write(out)
			}
			return err
		},
	}
	v.addFlags(command.Flags())
	command.Flags().StringVar(&groups, "groups", "", "groups of the user, separated by commas")
	command.Flags().StringVar(&config, "config", "", "the controller's k0s.yaml, before its first start")
	return command
}

func kubeconfigAdminCommand() *cobra.Command {
	v := vars{}
	command := &cobra.Command{
		Use:   "admin",
		Short: "Print the admin's kubeconfig",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			out, err := os.ReadFile(v.AdminKubeConfigPath)
			if err != nil {
				return fmt.Errorf("no admin kubeconfig: has the controller been started? %w", err)
			}
			_, err = os.Stdout.Write(out)
			return err
		},
	}
	v.addFlags(command.Flags())
	return command
}

// splitList reads a list separated by commas, which may be empty.
func splitList(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
