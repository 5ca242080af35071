package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"
)

func restoreCommand() *cobra.Command {
	v := vars{}
	command := &cobra.Command{
		Use:   "restore FILE",
		Short: "Fill an empty data directory from a backup; the controller must be down",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			return restore(&v, args[0])
		},
	}
	v.addFlags(command.Flags())
	return command
}

// restore makes of a backup a data directory to start a controller on. It is
// for the host that made the backup: the archive's configuration is that host's.
func restore(v *vars, archive string) error {
	if _, err := askStatus(v.StatusSocketPath); err == nil {
		return fmt.Errorf("k0s seems to be running! k0s must be down during the restore operation")
	}
	for _, path := range []string{v.EtcdDataDir, v.CertRootDir} {
		if exists(path) {
			return fmt.Errorf("%s exists: a backup is restored into an empty data directory", path)
		}
	}
	if err := os.MkdirAll(v.DataDir, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(v.DataDir, ".restore-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := readArchive(archive, work); err != nil {
		return err
	}
	config, err := loadConfig(filepath.Join(work, backupConfig))
	if err != nil {
		return err
	}
	if err := restoreEtcd(config, filepath.Join(work, backupSnapshot), filepath.Join(work, "etcd")); err != nil {
		return fmt.Errorf("etcd's content could not be restored: %w", err)
	}
	for _, move := range [][2]string{
		{backupConfig, v.configCopy()},
		{backupPKI, v.CertRootDir},
		{"etcd", v.EtcdDataDir},
	} {
		if err := os.Rename(filepath.Join(work, move[0]), move[1]); err != nil {
			return err
		}
	}
	fmt.Printf("%s restored into %s\n", archive, v.DataDir)
	return nil
}

func restoreEtcd(config *clusterConfig, db, dataDir string) error {
	name, err := nodeName()
	if err != nil {
		return err
	}
	members, err := config.initialCluster(name)
	if err != nil {
		return err
	}
	return snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath:        db,
		Name:                name,
		OutputDataDir:       dataDir,
		PeerURLs:            []string{config.peerURL()},
		InitialCluster:      members,
		InitialClusterToken: "etcd-cluster", // etcd's own default, which members start with
	})
}
