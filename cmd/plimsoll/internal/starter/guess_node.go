package starter

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// guessNode reads package.json.
func guessNode(r repository) (g guess, ok bool) {
	var node struct {
		Name                          string
		Main, Module                  string
		PackageManager                string
		Scripts                       map[string]string
		Dependencies, DevDependencies map[string]string
	}
	if err := json.Unmarshal([]byte(r.text("package.json")), &node); err != nil {
		return g, false
	}
	manager := nodeManager(r, node.PackageManager)
	g.from, g.name = "package.json", path.Base(node.Name)
	var build []string
	switch {
	case manager.frozen != "":
		build = append(build, manager.frozen)
	case len(node.Dependencies)+len(node.DevDependencies) > 0:
		build = append(build, manager.install)
		g.note("there is no lock file, so two builds may install different packages: commit one")
	}
	if _, has := node.Scripts["build"]; has {
		build = append(build, manager.name+" run build")
	}
	g.build = strings.Join(build, " && ")
	switch file := r.first(node.Main, "server.js", "index.js", "app.js"); {
	case node.Scripts["start"] != "":
		g.start = manager.name + " start"
		if manager.name == "bun" {
			g.start = "bun run start"
		}
	case file != "" && file != ".":
		g.start = "node " + quoted(file)
		g.note("package.json has no scripts.start: is " + file + " the service?")
	case manager.name == "bun" && r.first(node.Module, "index.ts", "server.ts") != "":
		file := r.first(node.Module, "index.ts", "server.ts")
		g.start = "bun " + quoted(file)
		g.note("package.json has no scripts.start: is " + file + " the service?")
	default:
		return g, false
	}
	if tool := watches(node.Scripts["start"]); tool != "" {
		g.note("scripts.start runs " + tool + ", which is for development: measure what production runs")
	}
	if g.note(onPort); node.Scripts["build"] == "" && slices.Contains(slices.Collect(maps.Keys(node.DevDependencies)), "typescript") {
		g.note("package.json has no scripts.build, and uses TypeScript: does it need a build?")
	}
	return g, true
}

// watches is the development tool that a command starts; empty for none.
func watches(command string) string {
	return regexp.MustCompile(`\b(nodemon|ts-node-dev|tsx watch|next dev|nest start --watch|vite|webpack serve)\b`).FindString(command)
}

// manager is how a package manager of Node installs packages.
type manager struct {
	name    string
	frozen  string // installs exactly the packages of the lock file; empty if there is none
	install string
}

// nodeManager finds the package manager by its lock file, else by what package.json says, such as pnpm@9.1.0.
func nodeManager(r repository, said string) manager {
	name, version, _ := strings.Cut(said, "@")
	modern := r.has(".yarnrc.yml") || name == "yarn" && version != "" && !strings.HasPrefix(version, "1.")
	yarn := manager{"yarn", "yarn install --frozen-lockfile", "yarn install"}
	if modern {
		yarn.frozen = "yarn install --immutable"
	}
	all := []struct {
		locks []string
		manager
	}{
		{[]string{"package-lock.json", "npm-shrinkwrap.json"}, manager{"npm", "npm ci", "npm install"}},
		{[]string{"yarn.lock"}, yarn},
		{[]string{"pnpm-lock.yaml"}, manager{"pnpm", "pnpm install --frozen-lockfile", "pnpm install"}},
		{[]string{"bun.lock", "bun.lockb"}, manager{"bun", "bun install --frozen-lockfile", "bun install"}},
	}
	for _, one := range all {
		if r.locked(one.locks...) {
			return one.manager
		}
	}
	for _, one := range all {
		if one.name == name {
			one.frozen = ""
			return one.manager
		}
	}
	return manager{"npm", "", "npm install"}
}
