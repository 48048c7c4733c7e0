package starter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// composeFile is the file of Docker Compose; empty for none.
func composeFile(r repository) string {
	return r.first("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
}

// guessCompose starts all services of a Compose file, under a different project name for each side of a paired gate.
func guessCompose(r repository) (g guess, ok bool) {
	var compose struct {
		Name     string
		Services map[string]struct {
			Build any
			Ports []any
		}
	}
	g.from = composeFile(r)
	if err := yaml.Unmarshal([]byte(r.text(g.from)), &compose); g.from == "" || err != nil || len(compose.Services) == 0 {
		return guess{}, false
	}
	g.name = compose.Name
	const project = "docker compose -p NAME-$PLIMSOLL_SIDE "
	g.build = project + "build --quiet"
	g.start = project + "up --abort-on-container-exit"
	var fixed []string
	published := false
	for name, service := range compose.Services {
		for _, port := range service.Ports {
			published = true
			if text := fmt.Sprint(port); !strings.Contains(text, "${PORT") && !strings.Contains(text, "$PORT") {
				fixed = append(fixed, name+" ("+text+")")
			}
		}
	}
	slices.Sort(fixed)
	if !published {
		g.note(g.from + ` publishes no port: give the service ports: ["127.0.0.1:${PORT}:8080"], with the port in its container for 8080`)
	}
	if len(fixed) > 0 {
		g.note(g.from + " publishes fixed ports, which two sides cannot share: " + list(fixed) + `; write "127.0.0.1:${PORT}:8080" for the service, and remove the ports of the services that it uses`)
	}
	g.note("docs/dependencies.md says how to keep the databases and volumes of two sides apart")
	return g, true
}

// guessDocker builds and runs an image.
func guessDocker(r repository) (g guess, ok bool) {
	if !r.has("Dockerfile") {
		return g, false
	}
	g.from = "Dockerfile"
	inside := "8080"
	if match := regexp.MustCompile(`(?mi)^EXPOSE\s+(\d+)`).FindStringSubmatch(r.text("Dockerfile")); match != nil {
		inside = match[1]
	} else {
		g.note("Dockerfile has no EXPOSE: in command, replace 8080 by the port in the container")
	}
	g.build = "docker build --quiet -t NAME-$PLIMSOLL_SIDE ."
	g.start = "docker run --rm --init --name NAME-$PLIMSOLL_SIDE -p 127.0.0.1:$PORT:" + inside + " -e PORT=" + inside + " NAME-$PLIMSOLL_SIDE"
	return g, true
}
