package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// vars are the places a k0s process works in, named as k0s names them in the
// K0sVars of its status.
type vars struct {
	DataDir               string
	RunDir                string
	StatusSocketPath      string
	CertRootDir           string
	AdminKubeConfigPath   string
	EtcdDataDir           string
	KubeletAuthConfigPath string
	KubeletRootDir        string
}

// addFlags gives a command k0s's flags for its directories.
func (v *vars) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&v.DataDir, "data-dir", "/var/lib/k0s", "directory of everything that must survive a restart")
	fs.StringVar(&v.RunDir, "run-dir", "/run/k0s", "directory of sockets")
	fs.StringVar(&v.StatusSocketPath, "status-socket", "", "status socket (default <run-dir>/status.sock)")
}

// addKubeletFlags gives a command that runs a kubelet k0s's flag for its directory.
func (v *vars) addKubeletFlags(fs *pflag.FlagSet) {
	fs.StringVar(&v.KubeletRootDir, "kubelet-root-dir", "", "directory of the kubelet (default <data-dir>/kubelet)")
}

// complete derives the remaining places once the flags are parsed.
func (v *vars) complete() error {
	var err error
	if v.KubeletRootDir == "" {
		v.KubeletRootDir = filepath.Join(v.DataDir, "kubelet")
	}
	for _, dir := range []*string{&v.DataDir, &v.RunDir, &v.KubeletRootDir} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	if v.StatusSocketPath == "" {
		v.StatusSocketPath = filepath.Join(v.RunDir, "status.sock")
	}
	v.CertRootDir = filepath.Join(v.DataDir, "pki")
	v.AdminKubeConfigPath = filepath.Join(v.CertRootDir, "admin.conf")
	v.EtcdDataDir = filepath.Join(v.DataDir, "etcd")
	v.KubeletAuthConfigPath = filepath.Join(v.DataDir, "kubelet.conf")
	return nil
}

// configCopy is where a controller leaves the configuration it runs with, for
// commands that work offline on its data directory and need the API's address.
func (v *vars) configCopy() string { return filepath.Join(v.DataDir, "k0s.yaml") }

// sharedHostname names the host where many hosts share one machine, and with
// it the kernel's hostname. k0s has nothing like it: its AUTOPILOT_HOSTNAME
// names a ControlNode, never a Node.
const sharedHostname = "K0MINI_HOSTNAME"

// nodeName is the name of the host this process stands on, as k0s writes it:
// trimmed and in small letters, whatever the kernel says.
func nodeName() (string, error) {
	name := os.Getenv(sharedHostname)
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return "", err
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), nil
}
