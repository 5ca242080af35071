// Command fake-k0s has just enough of k0s's command line for the agent to update it: `version`, and a
// status socket while it runs. Which version it is, and what is wrong with it, stands at the end of its
// own file, so that one build serves as every release:
//
//	k0s-release: VERSION FAULT
//
// FAULT is `sound`, `exits` (at once), `lies` (the running process reports another version) or `silent`
// (it runs and never answers).
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
)

const mark = "k0s-release: "

func main() {
	version, fault := release()
	if len(os.Args) > 1 && os.Args[1] == "version" {
		fmt.Println(version)
		return
	}
	if fault == "exits" {
		fmt.Fprintln(os.Stderr, "k0s: this release is broken on purpose")
		os.Exit(1)
	}
	if fault == "lies" {
		version = "v0.0.0+k0s.0"
	}
	socket := os.Getenv("STATUS_SOCKET")
	os.Remove(socket)
	if fault != "silent" {
		listener, err := net.Listen("unix", socket)
		if err != nil {
			panic(err)
		}
		go serve(listener, version)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}

func serve(listener net.Listener, version string) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			connection.Read(make([]byte, 4096))
			body := fmt.Sprintf(`{"Version":%q,"Pid":%d,"Role":"worker"}`, version, os.Getpid())
			fmt.Fprintf(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
		}()
	}
}

func release() (version, fault string) {
	file, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		panic(err)
	}
	at := bytes.LastIndex(file, []byte("\n"+mark))
	if at < 0 {
		panic("no release is written at the end of this file")
	}
	fmt.Sscanf(string(file[at+1+len(mark):]), "%s %s", &version, &fault)
	return version, fault
}
