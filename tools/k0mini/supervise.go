package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	respawnDelay    = time.Second
	readinessPeriod = 100 * time.Millisecond
	// stopTimeout is how long a component may take to end by itself. They take a
	// second, but for ever when etcd has no quorum, as when a whole cluster stops.
	stopTimeout = 3 * time.Second
)

// child is one supervised component.
type child struct {
	name string
	args []string
	// ready says whether what the component depends on is there; it is not
	// started before. Components left to wait by themselves give up and exit.
	ready func(context.Context) bool

	stop context.CancelFunc
	done chan struct{}
}

// supervise keeps the components running until ctx ends, then stops them in
// the reverse of the order given: each before what it needs.
func supervise(ctx context.Context, children []*child) {
	for _, c := range children {
		own, cancel := context.WithCancel(context.Background())
		c.stop, c.done = cancel, make(chan struct{})
		go c.run(own)
	}
	<-ctx.Done()
	for i := len(children) - 1; i >= 0; i-- {
		children[i].stop()
		<-children[i].done
	}
}

// run starts the component again and again until ctx ends.
func (c *child) run(ctx context.Context) {
	// The kernel sends the parent-death signal when the thread that started
	// the child ends, not the process; a goroutine that may move between
	// threads would thus kill its child at random.
	runtime.LockOSThread()
	defer close(c.done)
	for ctx.Err() == nil {
		if !c.awaitReady(ctx) {
			return
		}
		started := time.Now()
		err := c.runOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		logf("%s ended after %s (%v), starting it again", c.name, time.Since(started).Round(time.Millisecond), err)
		sleep(ctx, respawnDelay)
	}
}

func (c *child) awaitReady(ctx context.Context) bool {
	for c.ready != nil && !c.ready(ctx) {
		if !sleep(ctx, readinessPeriod) {
			return false
		}
	}
	return ctx.Err() == nil
}

func (c *child) runOnce(ctx context.Context) error {
	// /proc/self/exe is the running binary even after an update has put
	// another file in its place: a controller's components must not change
	// version before the controller does.
	command := exec.CommandContext(ctx, "/proc/self/exe")
	command.Args = append([]string{"k0s", componentCommand, c.name}, c.args...)
	command.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL, // no orphans, however this process ends
		Setpgid:   true,            // Ctrl-C goes to this process only, which stops them in order
	}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopTimeout
	output := &prefixWriter{prefix: c.name + ": ", to: os.Stderr}
	command.Stdout, command.Stderr = output, output
	return command.Run()
}

// sleep waits, and says whether ctx is still alive after it.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

var outputLock sync.Mutex

// prefixWriter marks each line of a component's output with its name.
type prefixWriter struct {
	prefix string
	to     io.Writer
	rest   []byte
}

func (w *prefixWriter) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		end := bytes.IndexByte(w.rest, '\n')
		if end < 0 {
			return len(p), nil
		}
		outputLock.Lock()
		fmt.Fprintf(w.to, "%s%s\n", w.prefix, w.rest[:end])
		outputLock.Unlock()
		w.rest = w.rest[end+1:]
	}
}

func logf(format string, args ...any) {
	outputLock.Lock()
	defer outputLock.Unlock()
	fmt.Fprintf(os.Stderr, "k0s: "+format+"\n", args...)
}
