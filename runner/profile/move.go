package profile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// NeedsGRPCHost reports whether a Change of the Host needs a GRPCHost too: gRPC is called at an address of its own.
func (p *Profile) NeedsGRPCHost() bool {
	return p.Target.GRPC != nil && p.Target.GRPC.URL != "" && p.speaks("grpc")
}

// move points the profile at a system that runs elsewhere.
func (p *Profile) move(c Change) error {
	switch {
	case c.Host == "" && c.GRPCHost == "":
		return nil
	case c.Host == "" && p.Target.Start != nil:
		return errors.New("the host of gRPC alone is replaced, but Plimsoll would start the system: give --host too")
	case c.Host != "" && c.GRPCHost == "" && p.NeedsGRPCHost():
		return errors.New("gRPC has an address of its own in the profile (target.grpc.url): give --grpc-host too")
	case c.GRPCHost != "" && !p.speaks("grpc"):
		return errors.New("the host of gRPC is replaced, but no step of the profile speaks gRPC")
	case c.Host != "" && p.sendsPort:
		return errors.New("requests of the profile contain ${port}, but with another host Plimsoll starts no system and chooses no port: remove ${port}, or do not replace the host")
	}
	if c.Host != "" {
		url, err := hostURL("host", c.Host)
		if err != nil {
			return err
		}
		p.Target.URL, p.Target.Socket, p.Target.Start = url, "", nil
	}
	if c.GRPCHost == "" {
		return nil
	}
	url, err := hostURL("host of gRPC", c.GRPCHost)
	if err != nil {
		return err
	}
	moved := GRPCTarget{MaxMessage: DefaultMaxMessage}
	if p.Target.GRPC != nil {
		moved = *p.Target.GRPC // others may hold the same one
	}
	moved.URL = url
	p.Target.GRPC = &moved
	return nil
}

// hostURL checks an address that replaces one of the profile.
func hostURL(what, host string) (Template, error) {
	shown := host // without a password, however the host is written
	if at := strings.LastIndex(shown, "@"); at >= 0 {
		scheme, _, hasScheme := strings.Cut(shown, "://")
		if shown = shown[at+1:]; hasScheme {
			shown = scheme + "://" + shown
		}
	}
	switch problem := urlForm.Check(shown); {
	case strings.Contains(host, "${"):
		return "", fmt.Errorf("the %s %s contains a variable; only the profile can have variables", what, strict.Quote(shown))
	case problem != "":
		return "", fmt.Errorf("the %s %s", what, problem)
	}
	return Template(strings.TrimRight(host, "/")), nil
}

// speaks reports whether any call speaks a protocol.
func (p *Profile) speaks(word string) (is bool) {
	lists := [][]Step{p.Setup, p.Teardown}
	for _, u := range p.Users {
		lists = append(lists, u.steps()...)
	}
	for _, steps := range lists {
		eachCall(steps, func(c *Call) bool {
			is = is || c.Content.Protocol() == word
			return !is
		})
	}
	return is
}
