package starter

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
)

// Guesses from the files of a repository. Every guess makes a valid profile, with notes about what it could not know.
func TestGuess(t *testing.T) {
	const flask, fastAPI = "from flask import Flask\napp = Flask(__name__)\n", "from fastapi import FastAPI\n\napi = FastAPI()\n"
	const venv = "python3 -m venv .venv && .venv/bin/pip install --quiet "
	type files map[string]string
	for name, c := range map[string]struct {
		files                    files
		from, name, build, start string
		note                     string // that is among the notes; empty for any
		never                    string // in no note
	}{
		"nothing": {files: files{"README": "x"}},

		// Node
		"npm with a lock file": {files: files{"package.json": `{"name": "@acme/Shop", "scripts": {"start": "node x.js", "build": "tsc"}, "dependencies": {"a": "1"}}`, "package-lock.json": "{}"},
			from: "package.json", name: "shop", build: "npm ci && npm run build", start: "npm start", note: "listen on $PORT", never: "lock file"},
		"npm without one": {files: files{"package.json": `{"scripts": {"start": "node x.js"}, "dependencies": {"a": "1"}}`},
			from: "package.json", build: "npm install", start: "npm start", note: "there is no lock file"},
		"Bun without a start": {files: files{"package.json": `{"module": "index.ts"}`, "bun.lock": "", "index.ts": ""},
			from: "package.json", build: "bun install --frozen-lockfile", start: "bun index.ts", note: "is index.ts the service?"},
		"no packages at all": {files: files{"package.json": `{"name": "tiny", "scripts": {"start": "node x.js"}}`},
			from: "package.json", name: "tiny", start: "npm start", never: "lock file"},
		"yarn 1": {files: files{"package.json": `{"scripts": {"start": "x", "build": "y"}}`, "yarn.lock": ""},
			from: "package.json", build: "yarn install --frozen-lockfile && yarn run build", start: "yarn start"},
		"yarn 4": {files: files{"package.json": `{"packageManager": "yarn@4.1.0", "scripts": {"start": "x"}}`, "yarn.lock": ""},
			from: "package.json", build: "yarn install --immutable", start: "yarn start"},
		"pnpm": {files: files{"package.json": `{"scripts": {"start": "x"}}`, "pnpm-lock.yaml": ""},
			from: "package.json", build: "pnpm install --frozen-lockfile", start: "pnpm start"},
		"pnpm without a lock file": {files: files{"package.json": `{"packageManager": "pnpm@9.0.0", "scripts": {"start": "x"}, "dependencies": {"a": "1"}}`},
			from: "package.json", build: "pnpm install", start: "pnpm start", note: "there is no lock file"},
		"bun": {files: files{"package.json": `{"scripts": {"start": "x"}}`, "bun.lock": ""},
			from: "package.json", build: "bun install --frozen-lockfile", start: "bun run start"},
		"a file of Node": {files: files{"package.json": `{"main": "lib/serve.js"}`, "lib/serve.js": ""},
			from: "package.json", start: "node lib/serve.js", note: "is lib/serve.js the service?"},
		"a start for development": {files: files{"package.json": `{"scripts": {"start": "nodemon x.js"}}`},
			from: "package.json", start: "npm start", note: "scripts.start runs nodemon"},
		"TypeScript without a build": {files: files{"package.json": `{"scripts": {"start": "x"}, "devDependencies": {"typescript": "5"}}`, "package-lock.json": ""},
			from: "package.json", build: "npm ci", start: "npm start", note: "does it need a build?"},
		"a package without a start": {files: files{"package.json": `{"name": "library"}`}},
		"invalid JSON":              {files: files{"package.json": `{`}},

		// Python
		"FastAPI": {files: files{"requirements.txt": "fastapi\nuvicorn[standard]==0.30\n", "main.py": fastAPI},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/uvicorn main:api --host 127.0.0.1 --port ${port}"},
		"FastAPI in a package": {files: files{"requirements.txt": "fastapi\n", "app/main.py": fastAPI, "app/__init__.py": ""},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/uvicorn app.main:api --host 127.0.0.1 --port ${port}", note: "is uvicorn installed?"},
		"FastAPI below src, uv": {files: files{"pyproject.toml": "[project]\nname = \"my_shop\"\ndependencies = [\"fastapi[standard]\"]\n", "uv.lock": "", "src/shop/main.py": fastAPI},
			from: "uv.lock", name: "my_shop", build: "uv sync --frozen", start: "uv run --no-sync uvicorn --app-dir src shop.main:api --host 127.0.0.1 --port ${port}", never: "uvicorn installed"},
		"Flask": {files: files{"requirements.txt": "Flask==3\n", "app.py": flask},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/flask --app app:app run --host 127.0.0.1 --port ${port}", note: "for development"},
		"Flask behind gunicorn": {files: files{"requirements.txt": "flask\ngunicorn\n", "wsgi.py": flask},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/gunicorn --bind 127.0.0.1:${port} wsgi:app", never: "development"},
		"a factory": {files: files{"requirements.txt": "flask\ngunicorn\n", "shop/__init__.py": "from flask import Flask\n\ndef create_app(config=None):\n    return Flask(__name__)\n"},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/gunicorn --bind 127.0.0.1:${port} 'shop:create_app()'"},
		"Django": {files: files{"requirements.txt": "django\n", "manage.py": `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "my_shop.settings")`},
			from: "requirements.txt", name: "my-shop", build: venv + "-r requirements.txt", start: ".venv/bin/python manage.py runserver --noreload 127.0.0.1:${port}", note: "for development"},
		"Django behind gunicorn, poetry": {files: files{"pyproject.toml": "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\ngunicorn = \"*\"\n", "poetry.lock": "", "manage.py": `os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')`},
			from: "poetry.lock", name: "shop", build: "poetry install --no-interaction", start: "poetry run gunicorn --bind 127.0.0.1:${port} core.wsgi"},
		"Django without packages": {files: files{"manage.py": `"DJANGO_SETTINGS_MODULE", "a.settings"`},
			from: "manage.py", name: "a", start: "python3 manage.py runserver --noreload 127.0.0.1:${port}", note: "build must install them"},
		"pipenv": {files: files{"Pipfile": "[packages]\n", "Pipfile.lock": "{}", "main.py": ""}, from: "Pipfile.lock", build: "pipenv sync", start: "pipenv run python main.py", note: "is main.py the service?"},
		"a project of its own": {files: files{"pyproject.toml": "[build-system]\nrequires = []\n[project]\nname = \"shop\"\n", "server.py": ""},
			from: "pyproject.toml", name: "shop", build: venv + ".", start: ".venv/bin/python server.py", note: "no file pins versions"},
		"a project that needs nothing": {files: files{"pyproject.toml": "[project]\nname = \"shop\"\n", "main.py": ""},
			from: "pyproject.toml", name: "shop", start: "python3 main.py", note: "is main.py the service?", never: ".venv"},
		"a program alone": {files: files{"app.py": ""}, from: "app.py", start: "python3 app.py", note: "build must install them"},
		"what is ignored": {files: files{"requirements.txt": "", "main.py": "", ".gitignore": ".venv/\n"}, from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/python main.py", never: ".gitignore"},
		"several applications": {files: files{"requirements.txt": "uvicorn\n", "main.py": fastAPI, "admin.py": fastAPI},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/uvicorn main:api --host 127.0.0.1 --port ${port}", note: "1 more files make an application: is main.py the service?"},
		"a Procfile": {files: files{"requirements.txt": "flask\n", "app.py": flask, "Procfile": "release: x\nweb: gunicorn app:app -b 0.0.0.0:${PORT} -w ${WORKERS:-2}\n"},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: "gunicorn app:app -b 0.0.0.0:$PORT -w $${WORKERS:-2}", note: ".venv/bin"},

		// What is compiled
		"Go": {files: files{"go.mod": "module example.com/acme/shop/v2\n", "main.go": "package main\n"},
			from: "go.mod", name: "shop", build: "go build -o bin/shop .", start: "bin/shop", note: "listen on $PORT"},
		"Go below cmd": {files: files{"go.mod": "module shop\n", "shop.go": "package shop\n", "cmd/tool/main.go": "package main\n", "cmd/server/main.go": "package main\n"},
			from: "go.mod", name: "shop", build: "go build -o bin/server ./cmd/server", start: "bin/server", note: "cmd/server, cmd/tool: is cmd/server the service?"},
		"a library of Go": {files: files{"go.mod": "module shop\n", "gen.go": "//go:build ignore\n\npackage main\n"}},
		"Rust": {files: files{"Cargo.toml": "[package]\nname = \"shop\"\n", "Cargo.lock": "", "src/main.rs": ""},
			from: "Cargo.toml", name: "shop", build: "cargo build --release --locked", start: "target/release/shop"},
		"Rust with a name of its own": {files: files{"Cargo.toml": "[package]\nname = \"shop\"\n[[bin]]\nname = \"shopd\"\n", "src/main.rs": ""},
			from: "Cargo.toml", name: "shop", build: "cargo build --release", start: "target/release/shopd"},
		"a library of Rust": {files: files{"Cargo.toml": "[package]\nname = \"shop\"\n", "src/lib.rs": ""}},
		"Maven and Spring": {files: files{"mvnw": "", "pom.xml": `<project><parent><groupId>org.springframework.boot</groupId><version>3</version></parent><artifactId>shop</artifactId><version>1.2-SNAPSHOT</version></project>`},
			from: "pom.xml", name: "shop", build: "./mvnw -B -q -DskipTests package", start: "java -jar target/shop-1.2-SNAPSHOT.jar --server.port=${port}", never: "listen on"},
		"Quarkus": {files: files{"pom.xml": `<project><artifactId>shop</artifactId><version>1</version><dependencies><dependency><groupId>io.quarkus</groupId></dependency></dependencies></project>`},
			from: "pom.xml", name: "shop", build: "mvn -B -q -DskipTests package", start: "java -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port=${port} -jar target/quarkus-app/quarkus-run.jar"},
		"a jar without a name": {files: files{"pom.xml": `<project><artifactId>shop</artifactId><version>${revision}</version></project>`},
			from: "pom.xml", name: "shop", build: "mvn -B -q -DskipTests package", start: "java -jar target/*.jar", note: "write it into command"},
		"Gradle and Spring": {files: files{"gradlew": "", "build.gradle.kts": "plugins { id(\"org.springframework.boot\") version \"3\" }\nversion = \"0.1\"\n", "settings.gradle.kts": `rootProject.name = "shop"`},
			from: "build.gradle.kts", name: "shop", build: "./gradlew --quiet bootJar", start: "java -jar build/libs/shop-0.1.jar --server.port=${port}"},
		"an application of Gradle": {files: files{"build.gradle": "plugins { id 'application' }", "settings.gradle": "rootProject.name = 'shop'"},
			from: "build.gradle", name: "shop", build: "gradle --quiet installDist", start: "build/install/shop/bin/shop"},
		".NET": {files: files{"src/Shop.Api/Shop.Api.csproj": `<Project Sdk="Microsoft.NET.Sdk.Web"></Project>`, "src/Shop/Shop.csproj": `<Project Sdk="Microsoft.NET.Sdk"></Project>`},
			from: "src/Shop.Api/Shop.Api.csproj", name: "shop.api", build: "dotnet publish src/Shop.Api/Shop.Api.csproj -c Release -o bin/plimsoll --nologo -v quiet", start: "dotnet bin/plimsoll/Shop.Api.dll --urls http://127.0.0.1:${port}"},

		// Ruby and PHP
		"Rails": {files: files{"Gemfile": "gem 'rails'", "Gemfile.lock": "", "bin/rails": "", "package.json": `{"scripts": {"build": "esbuild"}}`},
			from: "Gemfile", build: "bundle install --quiet", start: "bin/rails server -b 127.0.0.1 -p ${port} -P tmp/plimsoll.pid", note: "RAILS_ENV"},
		"Rack": {files: files{"Gemfile": "gem \"puma\"", "config.ru": ""}, from: "Gemfile", build: "bundle install --quiet", start: "bundle exec puma -b tcp://127.0.0.1:${port}", note: "Gemfile.lock"},
		"Laravel": {files: files{"composer.json": "{}", "composer.lock": "", "artisan": ""},
			from: "composer.json", build: "composer install --no-dev --no-interaction --quiet", start: "php artisan serve --host=127.0.0.1 --port=${port}", note: "PHP_CLI_SERVER_WORKERS"},
		"PHP": {files: files{"public/index.php": ""}, from: "public/index.php", start: "php -S 127.0.0.1:${port} -t public public/index.php"},

		// Containers
		"Compose": {files: files{"compose.yaml": "services:\n  web: {build: ., ports: [\"127.0.0.1:${PORT}:8080\"]}\n  db: {image: postgres}\n", "Dockerfile": "FROM scratch\n"},
			from: "compose.yaml", build: "docker compose -p repo-$PLIMSOLL_SIDE build --quiet", start: "docker compose -p repo-$PLIMSOLL_SIDE up --abort-on-container-exit", never: "fixed ports"},
		"Compose with a fixed port": {files: files{"docker-compose.yml": "services:\n  web: {build: ., ports: [\"8080:80\"]}\n  db: {ports: [5432]}\n"},
			from: "docker-compose.yml", build: "docker compose -p repo-$PLIMSOLL_SIDE build --quiet", start: "docker compose -p repo-$PLIMSOLL_SIDE up --abort-on-container-exit", note: "fixed ports, which two sides cannot share: db (5432), web (8080:80)"},
		"Docker": {files: files{"Dockerfile": "FROM scratch\nEXPOSE 3000\n"},
			from: "Dockerfile", build: "docker build --quiet -t repo-$PLIMSOLL_SIDE .", start: "docker run --rm --init --name repo-$PLIMSOLL_SIDE -p 127.0.0.1:$PORT:3000 -e PORT=3000 repo-$PLIMSOLL_SIDE"},

		"Go beside Node and Docker": {files: files{"go.mod": "module shop\n", "main.go": "package main\n", "package.json": `{"scripts": {"start": "vite"}}`, "Dockerfile": "FROM scratch\n"},
			from: "go.mod", name: "shop", build: "go build -o bin/shop .", start: "bin/shop", note: "there is also package.json and Dockerfile: is go.mod the service?"},
		"a name with a space": {files: files{"go.mod": "module shop\n", "cmd/my shop/main.go": "package main\n"},
			from: "go.mod", name: "shop", build: "go build -o 'bin/my shop' './cmd/my shop'", start: "'bin/my shop'"},
		"a name with shell and profile syntax": {files: files{"package.json": `{"main": "it's ${x}.js"}`, "it's ${x}.js": ""},
			from: "package.json", start: `node 'it'\''s $${x}.js'`},
		"Python below a directory with a space": {files: files{"requirements.txt": "flask\n", "my app/main.py": flask},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/flask --app 'my app/main:app' run --host 127.0.0.1 --port ${port}"},
		"a name that holds a test": {files: files{"requirements.txt": "flask\n", "latest/main.py": flask, "tests/app.py": flask, "test_app.py": flask},
			from: "requirements.txt", build: venv + "-r requirements.txt", start: ".venv/bin/flask --app latest/main:app run --host 127.0.0.1 --port ${port}", never: "more files"},
		"a hostile name": {files: files{"go.mod": "module shop\n", "cmd/a\nurl: x/main.go": "package main\n", "cmd/b/main.go": "package main\n"},
			from: "go.mod", name: "shop", build: "go build -o 'bin/a\nurl: x' './cmd/a\nurl: x'", start: "'bin/a\nurl: x'", note: "several programs"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{}
			for path, text := range c.files {
				tree[path] = &fstest.MapFile{Data: []byte(text)}
			}
			s := Settings{Kind: "paired", Path: "/"}
			s.guessIn(repository{FS: tree}, "repo")
			want := c.name
			if want == "" {
				want = "repo"
			}
			if s.From != c.from || s.Name != want || s.Build != c.build || s.Start != c.start {
				t.Errorf("from %q, name %q\nbuild %q\nstart %q; want from %q, name %q\nbuild %q\nstart %q", s.From, s.Name, s.Build, s.Start, c.from, want, c.build, c.start)
			}
			if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, c.note) || c.never != "" && strings.Contains(notes, c.never) {
				t.Errorf("the notes are %q; want %q, never %q", notes, c.note, c.never)
			}
			if c.start == "" {
				return
			}
			text, err := s.profile(environ.Values{})
			if err != nil {
				t.Fatal(err)
			}
			for _, told := range append(s.Notes, s.From) {
				if !strings.Contains(text, told) {
					t.Errorf("the profile does not say %q:\n%s", told, text)
				}
			}
		})
	}
}
