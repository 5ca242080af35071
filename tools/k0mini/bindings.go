package main

import (
	"context"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// bindings are what workers need beyond Kubernetes's own bootstrap policy: to
// ask for their first certificate, to have it approved and later renewed, and
// to let the API server in.
var bindings = []struct {
	name, role  string
	kind, group string
}{
	{"k0s:kubelet-bootstrap", "system:node-bootstrapper", rbacv1.GroupKind, "system:bootstrappers"},
	{"k0s:node-autoapprove-bootstrap", "system:certificates.k8s.io:certificatesigningrequests:nodeclient", rbacv1.GroupKind, "system:bootstrappers"},
	{"k0s:node-autoapprove-renewal", "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", rbacv1.GroupKind, "system:nodes"},
	{"k0s:apiserver-to-kubelet", "system:kubelet-api-admin", rbacv1.UserKind, kubeletClientUser},
}

// createMissing creates what is missing, as soon as the API lets it. Every
// controller does: whichever is first, and none of them is special.
func createMissing(ctx context.Context, v *vars) {
	for {
		err := createBindings(ctx, v)
		if err == nil || !sleep(ctx, 500*time.Millisecond) {
			return
		}
	}
}

func createBindings(ctx context.Context, v *vars) error {
	client, err := adminClient(v)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: b.name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: b.role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: b.kind, Name: b.group}},
		}
		_, err := client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

func adminClient(v *vars) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", v.AdminKubeConfigPath)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}
