// Prints the RBAC objects that this version of kube-apiserver creates at start, as JSON in the
// shape of viewshed-model's Role and RoleBinding: one object per line, sorted, so that the diff of
// two versions reads well. Feature gates have their defaults.
//
// Source: k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy, the package that
// kube-apiserver's own start hook (pkg/registry/rbac/rest/storage_rbac.go) reads.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

type meta struct {
	Namespace string            `json:"namespace,omitempty"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels,omitempty"`
}

type rule struct {
	Verbs           []string `json:"verbs,omitempty"`
	APIGroups       []string `json:"api_groups,omitempty"`
	Resources       []string `json:"resources,omitempty"`
	ResourceNames   []string `json:"resource_names,omitempty"`
	NonResourceURLs []string `json:"non_resource_urls,omitempty"`
}

type selector struct {
	MatchLabels map[string]string `json:"match_labels,omitempty"`
}

type role struct {
	Meta        meta       `json:"meta"`
	Rules       []rule     `json:"rules,omitempty"`
	Aggregation []selector `json:"aggregation,omitempty"`
}

type reference struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type subject struct {
	Kind      string  `json:"kind"`
	Name      string  `json:"name"`
	Namespace *string `json:"namespace,omitempty"`
}

type binding struct {
	Meta     meta      `json:"meta"`
	Role     reference `json:"role"`
	Subjects []subject `json:"subjects,omitempty"`
}

func metaOf(object metav1.ObjectMeta) meta {
	labels := map[string]string{}
	for key, value := range object.Labels {
		// On every object and without meaning for aggregation.
		if key != "kubernetes.io/bootstrapping" {
			labels[key] = value
		}
	}
	return meta{Namespace: object.Namespace, Name: object.Name, Labels: labels}
}

func rulesOf(rules []rbacv1.PolicyRule) []rule {
	var out []rule
	for _, r := range rules {
		out = append(out, rule{r.Verbs, r.APIGroups, r.Resources, r.ResourceNames, r.NonResourceURLs})
	}
	return out
}

func bindingOf(object metav1.ObjectMeta, ref rbacv1.RoleRef, subjects []rbacv1.Subject) binding {
	out := binding{Meta: metaOf(object), Role: reference{ref.Kind, ref.Name}}
	for _, s := range subjects {
		entry := subject{Kind: s.Kind, Name: s.Name}
		if s.Namespace != "" {
			namespace := s.Namespace
			entry.Namespace = &namespace
		}
		out.Subjects = append(out.Subjects, entry)
	}
	return out
}

func roles() []role {
	var out []role
	for _, r := range append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...) {
		entry := role{Meta: metaOf(r.ObjectMeta), Rules: rulesOf(r.Rules)}
		if r.AggregationRule != nil {
			for _, s := range r.AggregationRule.ClusterRoleSelectors {
				if len(s.MatchExpressions) > 0 {
					fail(fmt.Errorf("aggregation of %q uses matchExpressions", r.Name))
				}
				entry.Aggregation = append(entry.Aggregation, selector{s.MatchLabels})
			}
		}
		out = append(out, entry)
	}
	for _, list := range bootstrappolicy.NamespaceRoles() {
		for _, r := range list {
			out = append(out, role{Meta: metaOf(r.ObjectMeta), Rules: rulesOf(r.Rules)})
		}
	}
	sort.Slice(out, func(i, j int) bool { return before(out[i].Meta, out[j].Meta) })
	return out
}

func bindings() []binding {
	var out []binding
	for _, b := range append(bootstrappolicy.ClusterRoleBindings(), bootstrappolicy.ControllerRoleBindings()...) {
		out = append(out, bindingOf(b.ObjectMeta, b.RoleRef, b.Subjects))
	}
	for _, list := range bootstrappolicy.NamespaceRoleBindings() {
		for _, b := range list {
			out = append(out, bindingOf(b.ObjectMeta, b.RoleRef, b.Subjects))
		}
	}
	sort.Slice(out, func(i, j int) bool { return before(out[i].Meta, out[j].Meta) })
	return out
}

func before(a, b meta) bool {
	if a.Namespace != b.Namespace {
		return a.Namespace < b.Namespace
	}
	return a.Name < b.Name
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func printLines[T any](key string, objects []T, end string) {
	fmt.Printf("%q:[\n", key)
	for i, object := range objects {
		line, err := json.Marshal(object)
		if err != nil {
			fail(err)
		}
		comma := ","
		if i == len(objects)-1 {
			comma = ""
		}
		fmt.Printf("%s%s\n", line, comma)
	}
	fmt.Print("]" + end)
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: bootstrap VERSION, for example v1.37.2"))
	}
	fmt.Printf("{\"version\":%q,\n", os.Args[1])
	printLines("roles", roles(), ",\n")
	printLines("bindings", bindings(), "}\n")
}
