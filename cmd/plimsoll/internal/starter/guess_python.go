package starter

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

// pyproject is the part of pyproject.toml that is used here.
type pyproject struct {
	Project struct {
		Name         string
		Dependencies []string
	}
	BuildSystem map[string]any `toml:"build-system"`
	Tool        struct {
		Poetry *struct {
			Name         string
			Dependencies map[string]any
		}
		UV  map[string]any
		PDM map[string]any
	}
}

// guessPython finds how to install packages, and then how to start the server.
func guessPython(r repository) (g guess, ok bool) {
	var project pyproject
	if _, err := toml.Decode(r.text("pyproject.toml"), &project); err != nil {
		project = pyproject{}
	}
	g.name = project.Project.Name
	if poetry := project.Tool.Poetry; poetry != nil && g.name == "" {
		g.name = poetry.Name
	}
	run, found := pythonInstall(r, project, &g)
	if !found {
		return g, false
	}
	if web, has := r.procfile(); has { // guessFrom takes it; here it only needs the installed programs
		g.start = web
		if g.start != "" && strings.HasPrefix(run, ".venv/") {
			g.note("installed programs are in .venv/bin: command may have to name them with that path")
		}
		return g, true
	}
	return g, pythonServe(r, pythonPackages(r, project), run, &g)
}

// pythonInstall finds how to install packages, and the prefix that starts an installed program.
func pythonInstall(r repository, project pyproject, g *guess) (run string, found bool) {
	const venv = "python3 -m venv .venv && .venv/bin/pip install --quiet "
	bare := project.BuildSystem == nil && len(project.Project.Dependencies) == 0 // there is nothing to install
	switch {
	case r.locked("uv.lock"):
		g.from, g.build, run = "uv.lock", "uv sync --frozen", "uv run --no-sync "
	case r.has("poetry.lock"):
		g.from, g.build, run = "poetry.lock", "poetry install --no-interaction", "poetry run "
	case r.has("pdm.lock"):
		g.from, g.build, run = "pdm.lock", "pdm sync", "pdm run "
	case r.has("Pipfile.lock"):
		g.from, g.build, run = "Pipfile.lock", "pipenv sync", "pipenv run "
	case r.has("requirements.txt"):
		g.from, g.build, run = "requirements.txt", venv+"-r requirements.txt", ".venv/bin/"
	case project.Tool.Poetry != nil:
		g.from, g.build, run = "pyproject.toml", "poetry install --no-interaction", "poetry run "
		g.note("there is no poetry.lock, so two builds may install different packages: commit one")
	case project.Tool.UV != nil:
		g.from, g.build, run = "pyproject.toml", "uv sync", "uv run --no-sync "
		g.note("there is no uv.lock, so two builds may install different packages: commit one")
	case project.Project.Name != "" && bare && !r.has("setup.py"):
		g.from = "pyproject.toml"
	case project.Project.Name != "" || r.has("setup.py"):
		g.from, g.build, run = r.first("pyproject.toml", "setup.py"), venv+".", ".venv/bin/"
		g.note("no file pins versions, so two builds may install different packages")
	case r.has("manage.py"):
		g.from = "manage.py"
		g.note("no file says which packages the service needs: build must install them")
	case r.first(programs...) != "":
		g.from = r.first(programs...)
		g.note("no file says which packages the service needs: build must install them")
	default:
		return "", false
	}
	if run == ".venv/bin/" && !strings.Contains(r.text(".gitignore"), "venv") {
		g.note("build makes the directory .venv: add it to .gitignore")
	}
	return run, true
}

// programs are the usual names of the file to run.
var programs = []string{"main.py", "app.py", "server.py", "run.py"}

// pythonPackages lists, in one text, the packages that the files name.
func pythonPackages(r repository, project pyproject) string {
	var b strings.Builder
	for _, file := range []string{"requirements.txt", "Pipfile", "setup.py"} {
		b.WriteString(strings.ToLower(r.text(file)) + "\n")
	}
	for _, one := range project.Project.Dependencies {
		b.WriteString(strings.ToLower(one) + "\n")
	}
	if poetry := project.Tool.Poetry; poetry != nil {
		for name := range poetry.Dependencies {
			b.WriteString(strings.ToLower(name) + "\n")
		}
	}
	return b.String()
}

// installs reports whether a list of packages contains one.
func installs(packages, name string) bool {
	return regexp.MustCompile(`(?m)^\s*["']?` + name + `\b`).MatchString(packages)
}

// pythonServe finds how to start the server: Django, an ASGI or WSGI application, or a plain program.
func pythonServe(r repository, packages, run string, g *guess) bool {
	gunicorn := installs(packages, "gunicorn")
	if settings := regexp.MustCompile(`DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)\.settings`).FindStringSubmatch(r.text("manage.py")); settings != nil {
		g.name = orElse(g.name, strings.ReplaceAll(settings[1], "_", "-"))
		if gunicorn {
			g.start = run + "gunicorn --bind 127.0.0.1:${port} " + settings[1] + ".wsgi"
			return true
		}
		python := run + "python"
		if run == "" {
			python = "python3"
		}
		g.start = python + " manage.py runserver --noreload 127.0.0.1:${port}"
		g.note("runserver is Django's server for development: measure what production runs, such as gunicorn")
		return true
	}
	app, found := pythonApp(r)
	inside := func(option string) string { // the module's directory, if it is not the root
		if app.dir == "" {
			return ""
		}
		return option + " " + app.dir + " "
	}
	switch {
	case found && app.asgi:
		g.start = run + "uvicorn " + inside("--app-dir") + quoted(app.module+":"+app.object) + " --host 127.0.0.1 --port ${port}"
		if !installs(packages, "uvicorn") && !installs(packages, `fastapi\[`) {
			g.note("is uvicorn installed? No file lists it as a package")
		}
	case found && gunicorn:
		g.start = run + "gunicorn --bind 127.0.0.1:${port} " + inside("--chdir") + quoted(app.module+":"+app.object)
	case found:
		g.start = run + "flask --app " + quoted(path.Join(app.dir, strings.ReplaceAll(app.module, ".", "/"))+":"+app.object) + " run --host 127.0.0.1 --port ${port}"
		g.note("flask run is for development: measure what production runs, such as gunicorn")
	default:
		return pythonProgram(r, run, g)
	}
	if app.more > 0 {
		g.note(fmt.Sprintf("%d more files make an application: is %s the service?", app.more, app.file))
	}
	return true
}

// pythonProgram runs a file with a usual name.
func pythonProgram(r repository, run string, g *guess) bool {
	file := r.first(programs...)
	if file == "" {
		return false
	}
	python := run + "python "
	if run == "" {
		python = "python3 "
	}
	g.start = python + file
	g.note("is " + file + " the service?")
	g.note(onPort)
	return true
}

// pyApp is an application object in a Python module.
type pyApp struct {
	file           string
	dir            string // that the module lies in; empty for the root
	module, object string
	asgi           bool
	more           int // number of other files with an application
}

var (
	makesApp     = regexp.MustCompile(`(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?(FastAPI|Starlette|Quart|Litestar|Flask)\(`)
	isTest       = regexp.MustCompile(`(^|[/_])tests?([/_.]|$)`)
	makesFactory = regexp.MustCompile(`(?m)^def (create_app|make_app)\(`)
)

// pythonApp looks for an application in the root, in the packages below it and in src.
func pythonApp(r repository) (app pyApp, found bool) {
	seen := map[string]bool{}
	for _, file := range r.match("main.py", "app.py", "wsgi.py", "asgi.py", "*.py", "app/main.py", "*/main.py", "*/app.py", "*/__init__.py", "src/*/main.py", "src/*/app.py", "src/*/__init__.py") {
		if seen[file] || isTest.MatchString(file) {
			continue
		}
		seen[file] = true
		text := r.text(file)
		one := pyApp{file: file, module: pyModule(file)}
		if dir, below, is := strings.Cut(file, "/"); is && dir == "src" {
			one.dir, one.module = dir, pyModule(below)
		}
		if match := makesApp.FindStringSubmatch(text); match != nil {
			one.object, one.asgi = match[1], match[2] != "Flask"
		} else if match := makesFactory.FindStringSubmatch(text); match != nil && strings.Contains(text, "Flask") {
			one.object = match[1] + "()"
		} else {
			continue
		}
		if found {
			app.more++
			continue
		}
		app, found = one, true
	}
	return app, found
}

// pyModule is the module that a file holds.
func pyModule(file string) string {
	module := strings.TrimSuffix(file, path.Ext(file))
	return strings.ReplaceAll(strings.TrimSuffix(module, "/__init__"), "/", ".")
}
