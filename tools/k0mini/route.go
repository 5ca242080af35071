package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"autopilot/k0mini/release"
)

// routeLossDelay lets the process come up first, so that the loss hits a host
// whose k0s looks sound.
const routeLossDelay = time.Second

// loseRoutes deletes the host's default routes, once, in a release built to do
// so. Where K0MINI_HOSTNAME is set, many hosts share one machine and its
// routes are not this host's to lose: they would be those of whoever runs the
// tests, as root perhaps.
func loseRoutes(ctx context.Context) {
	if release.Fault != faultRoute || !sleep(ctx, routeLossDelay) {
		return
	}
	if os.Getenv(sharedHostname) != "" {
		logf("the default route stays: this host shares its machine with others (fault %q)", release.Fault)
		return
	}
	count, err := deleteDefaultRoutes()
	if err != nil {
		logf("could not delete the default route (fault %q): %v", release.Fault, err)
		return
	}
	logf("%d default routes deleted: this release is broken on purpose (fault %q)", count, release.Fault)
}

// deleteDefaultRoutes asks the kernel for its IPv4 routes and hands those to
// everywhere back to it, to be deleted. Needs CAP_NET_ADMIN.
func deleteDefaultRoutes() (int, error) {
	table, err := syscall.NetlinkRIB(syscall.RTM_GETROUTE, syscall.AF_INET)
	if err != nil {
		return 0, fmt.Errorf("cannot list the routes: %w", err)
	}
	routes, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return 0, fmt.Errorf("cannot read the routes: %w", err)
	}
	count := 0
	for _, route := range routes {
		if !isDefaultRoute(route) {
			continue
		}
		if err := deleteRoute(route.Data); err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

func isDefaultRoute(message syscall.NetlinkMessage) bool {
	if message.Header.Type != syscall.RTM_NEWROUTE || len(message.Data) < syscall.SizeofRtMsg {
		return false
	}
	route := (*syscall.RtMsg)(unsafe.Pointer(&message.Data[0]))
	return route.Dst_len == 0 && route.Type == syscall.RTN_UNICAST && route.Table == syscall.RT_TABLE_MAIN
}

// deleteRoute deletes the route that a message of the kernel's list describes.
func deleteRoute(description []byte) error {
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	kernel := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}

	request := make([]byte, syscall.SizeofNlMsghdr+len(description))
	*(*syscall.NlMsghdr)(unsafe.Pointer(&request[0])) = syscall.NlMsghdr{
		Len:   uint32(len(request)),
		Type:  syscall.RTM_DELROUTE,
		Flags: syscall.NLM_F_REQUEST | syscall.NLM_F_ACK,
		Seq:   1,
	}
	copy(request[syscall.SizeofNlMsghdr:], description)
	if err := syscall.Sendto(socket, request, 0, kernel); err != nil {
		return err
	}

	answer := make([]byte, syscall.Getpagesize())
	n, _, err := syscall.Recvfrom(socket, answer, 0)
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil {
		return err
	}
	for _, message := range messages {
		if message.Header.Type == syscall.NLMSG_ERROR && len(message.Data) >= syscall.SizeofNlMsgerr {
			if code := (*syscall.NlMsgerr)(unsafe.Pointer(&message.Data[0])).Error; code != 0 {
				return syscall.Errno(-code)
			}
			return nil
		}
	}
	return fmt.Errorf("the kernel did not say whether it deleted the route")
}
