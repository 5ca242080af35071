package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/snapshot"
	"go.uber.org/zap"
	"google.golang.org/grpc/grpclog"
)

// What a backup's archive holds, at the places k0s gives them.
const (
	backupSnapshot = "etcd-snapshot.db"
	backupPKI      = "pki"
	backupConfig   = "k0s.yaml"
)

// backupTimeLayout is k0s's; its milliseconds are always zero.
const backupTimeLayout = "2006-01-02T15_04_05_000Z"

const (
	etcdAnswerTimeout = 5 * time.Second
	snapshotTimeout   = 2 * time.Minute
)

func backupCommand() *cobra.Command {
	v, savePath := vars{}, ""
	command := &cobra.Command{
		Use:   "backup",
		Short: "Save etcd's content, the PKI and the configuration; on a running controller",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := v.complete(); err != nil {
				return err
			}
			ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
			defer cancel()
			archive, err := backUp(ctx, &v, savePath)
			if err == nil {
				fmt.Printf("archive %s created successfully\n", archive)
			}
			return err
		},
	}
	v.addFlags(command.Flags())
	command.Flags().StringVar(&savePath, "save-path", "", "directory of the archive (default: the current one)")
	return command
}

// backUp writes an archive of the running controller.
// It returns the archive's path; there is a file of that name only when it is whole.
func backUp(ctx context.Context, v *vars, savePath string) (string, error) {
	savePath, err := filepath.Abs(savePath)
	if err != nil {
		return "", err
	}
	if !isDirectory(savePath) {
		return "", fmt.Errorf("the save-path directory (%s) does not exist", savePath)
	}
	config, err := configOfRunningController(v)
	if err != nil {
		return "", err
	}
	// Beside the archive: a rename needs the same file system, and /tmp may be
	// small. As plain files: whoever tidies up after a kill needs to know no more.
	name := fmt.Sprintf("k0s_backup_%s.tar.gz", time.Now().UTC().Format(backupTimeLayout))
	unfinished := filepath.Join(savePath, fmt.Sprintf(".%s.%d", name, os.Getpid()))
	db := unfinished + ".db"
	defer os.Remove(unfinished)
	defer os.Remove(db)
	if err := takeSnapshot(ctx, v, config, db); err != nil {
		return "", err
	}
	if err := writeArchive(unfinished, map[string]string{
		backupSnapshot: db,
		backupPKI:      v.CertRootDir,
		backupConfig:   v.configCopy(),
	}); err != nil {
		return "", fmt.Errorf("cannot write the archive: %w", err)
	}
	archive := filepath.Join(savePath, name)
	if err := os.Rename(unfinished, archive); err != nil {
		return "", err
	}
	return archive, syncDirectory(savePath)
}

// configOfRunningController asks the status socket, as k0s does: what the
// process runs with is what is worth saving.
func configOfRunningController(v *vars) (*clusterConfig, error) {
	body, err := askStatus(v.StatusSocketPath)
	if err != nil {
		return nil, fmt.Errorf("a backup needs a running controller, and k0s does not answer at %s: %w", v.StatusSocketPath, err)
	}
	report := status{}
	if err := json.Unmarshal(body, &report); err != nil {
		return nil, err
	}
	if report.Role != "controller" || report.ClusterConfig == nil {
		return nil, fmt.Errorf("backup command must be run on the controller node, have `%s`", report.Role)
	}
	return report.ClusterConfig, nil
}

// takeSnapshot saves this controller's etcd member to a file.
func takeSnapshot(ctx context.Context, v *vars, config *clusterConfig, file string) error {
	pki := func(path string) string { return filepath.Join(v.CertRootDir, path) }
	tls, err := transport.TLSInfo{
		TrustedCAFile: pki("etcd/ca.crt"),
		CertFile:      pki("apiserver-etcd-client.crt"),
		KeyFile:       pki("apiserver-etcd-client.key"),
	}.ClientConfig()
	if err != nil {
		return fmt.Errorf("no credential for etcd below %s: %w", v.CertRootDir, err)
	}
	// The client's connections complain to standard error of being closed; what
	// goes wrong comes back as an error.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	url := config.etcdURL()
	client := clientv3.Config{Endpoints: []string{url}, TLS: tls, DialTimeout: etcdAnswerTimeout, Logger: zap.NewNop()}
	if err := awaitEtcd(ctx, client); err != nil {
		return fmt.Errorf("etcd cannot be reached at %s: %w", url, err)
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	if _, err := snapshot.SaveWithVersion(ctx, zap.NewNop(), client, file); err != nil {
		return fmt.Errorf("etcd at %s gave no snapshot: %w", url, err)
	}
	return nil
}

// awaitEtcd finds out quickly what a snapshot would try for as long as it may.
func awaitEtcd(ctx context.Context, config clientv3.Config) error {
	client, err := clientv3.New(config)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, etcdAnswerTimeout)
	defer cancel()
	_, err = client.Status(ctx, config.Endpoints[0])
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s", etcdAnswerTimeout)
	}
	return err
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// syncDirectory makes the names in a directory survive a power cut.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}
