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

// complete derives the remaining places once the flags are parsed.
func (v *vars) complete() error {
	var err error
	for _, dir := range []*string{&v.DataDir, &v.RunDir} {
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
	v.KubeletRootDir = filepath.Join(v.DataDir, "kubelet")
	return nil
}

// configCopy is where a controller leaves the configuration it runs with, for
// commands that work offline on its data directory and need the API's address.
func (v *vars) configCopy() string { return filepath.Join(v.DataDir, "k0s.yaml") }

// nodeName is the name of the host this process stands on. AUTOPILOT_HOSTNAME
// takes the place of the kernel's hostname where many hosts share one machine.
func nodeName() (string, error) {
	if name := os.Getenv("AUTOPILOT_HOSTNAME"); name != "" {
		return name, nil
	}
	name, err := os.Hostname()
	return strings.ToLower(name), err
}
