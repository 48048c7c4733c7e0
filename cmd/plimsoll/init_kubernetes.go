package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/starter"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// clusterFlags are those of plimsoll init kubernetes.
type clusterFlags struct {
	Shards int    `placeholder:"N" help:"With kubernetes: how many pods send the load (default: 4)."`
	Image  string `placeholder:"NAME" help:"With kubernetes: the image that the pods run, such as registry.example.com/plimsoll:v1 (default: plimsoll at this version)."`
}

// writeCluster writes a manifest of Kubernetes with the profile in it, and the Dockerfile of its image. If there is no
// profile, it writes a first one too.
func (c *initCmd) writeCluster(ctx context.Context, a *console.Console) error {
	if err := c.checkCluster(); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	cluster := starter.Cluster{Shards: cmp.Or(c.Shards, 4), Image: cmp.Or(c.Image, "plimsoll:"+a.Version)}
	place := starter.Place{Git: a.Git(dir), Env: a.Env, Version: a.Version}
	var made []starter.File
	var settings starter.Settings
	if starter.Exists(job.Usual) {
		cluster.Host = c.URL
	} else {
		if settings, err = c.settings(ctx, a, dir, "stored"); err != nil {
			return err
		}
		if made, err = settings.Own(place); err != nil {
			return err
		}
	}
	files, needs, err := cluster.Files(place, made)
	if err != nil {
		return unwritten{err}
	}
	files = append(made, files...)
	if err := c.write(dir, files); err != nil {
		return err
	}
	return sayCluster(a, settings, cluster, needs, files)
}

// checkCluster returns an error if the flags do not fit a load in Kubernetes.
func (c *initCmd) checkCluster() error {
	url, taken := starter.Settings{Kind: "stored", Name: "any", URL: c.URL}, starter.Exists(job.Usual)
	switch {
	case c.Start != "" || c.Build != "":
		return exit.BadInput("pods load a system that runs already, and do not build or start one: give its address with --url instead of --start and --build")
	case c.Pages:
		return exit.BadInput("--pages belongs to plimsoll init stored")
	case c.Shards < 0 || c.Shards > result.MaxShards:
		return exit.BadInput("--shards %d: a load has 1 to %d shards", c.Shards, result.MaxShards)
	case c.URL == "" && !taken:
		return exit.BadInput("pods load a system that runs already: give an address that they reach with --url, such as http://shop.default.svc:8080")
	case taken && (c.Any() || c.Name != "" || c.Path != ""):
		return exit.BadInput("%s is there already, and plimsoll init kubernetes takes it as it is: give only --url, --shards and --image, or remove the file", job.Usual)
	case c.URL != "":
		return url.Check()
	}
	return nil
}

// sayCluster prints which files were written, and the next steps.
func sayCluster(a *console.Console, settings starter.Settings, cluster starter.Cluster, needs job.Needs, files []starter.File) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	text := told(a, settings.Draft) + "Wrote " + strings.Join(shortened(dir, paths), ", ") + ".\n\n"
	if settings.Draft != nil {
		text += toDo(settings.Draft, a.Env)
	}
	text += fmt.Sprintf("- Build the image and push it: the first lines of %s say how. The pods run %s.\n", starter.ImageName, cluster.Image)
	for _, command := range starter.Secrets(needs) {
		text += "- Once: `" + command + "`\n"
	}
	text += fmt.Sprintf("- The first lines of %s start the load, wait for its end and judge it.\n", starter.ManifestName) +
		fmt.Sprintf("- %s holds the profile: after a change of the profile, write it again with `plimsoll init kubernetes --force`.\n", starter.ManifestName)
	_, err = fmt.Fprint(a.Stdout, text)
	return err
}
