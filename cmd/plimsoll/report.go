package main

import (
	"context"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
)

// reportCmd is plimsoll report.
type reportCmd struct {
	forms.Flags
	Files []string `arg:"" name:"file" file:"" help:"A result, a verdict file, what a search found (plimsoll capacity --out), or those that belong together: a verdict, its run, the other side of its pairing and a search, in any order."`
}

// Run writes the forms of an earlier result or verdict. Without a form it prints the report.
func (c *reportCmd) Run(ctx context.Context, a *console.Console) error {
	var read []forms.Place
	for _, file := range c.Files {
		read = append(read, forms.Place{Flag: "an argument", Path: file})
	}
	if err := c.Check(read...); err != nil {
		return err
	}
	m, err := forms.Read(c.Files)
	if err != nil {
		return err
	}
	if !c.Any() {
		return forms.Show(a.Stdout, m)
	}
	if err := c.Needs(m); err != nil {
		return err
	}
	notes, err := c.Write(ctx, m, forms.Options{Getenv: a.Env.Get})
	tell(a, notes)
	return err
}

// tell prints notes, a line each.
func tell(a *console.Console, notes []string) {
	for _, note := range notes {
		fmt.Fprintf(a.Stderr, "plimsoll: %s\n", note)
	}
}
