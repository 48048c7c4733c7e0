package starter

import (
	"encoding/xml"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// guessGo takes the program in the module's root, else one below cmd.
func guessGo(r repository) (g guess, ok bool) {
	module := regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`).FindStringSubmatch(r.text("go.mod"))
	if module == nil {
		return g, false
	}
	name := path.Base(regexp.MustCompile(`/v\d+$`).ReplaceAllString(module[1], ""))
	g.from, g.name = "go.mod", name
	source := "."
	if !r.isMain(".") {
		var programs []string
		for _, dir := range r.match("cmd/*") {
			if r.isMain(dir) {
				programs = append(programs, dir)
			}
		}
		if len(programs) == 0 {
			return g, false
		}
		chosen := programs[0]
		for _, likely := range []string{"cmd/server", "cmd/api", "cmd/" + name} {
			if slices.Contains(programs, likely) {
				chosen = likely
			}
		}
		if len(programs) > 1 {
			g.note("there are several programs, " + list(programs) + ": is " + chosen + " the service?")
		}
		source, name = "./"+chosen, path.Base(chosen)
	}
	g.start = quoted("bin/" + name)
	g.build = "go build -o " + g.start + " " + quoted(source)
	g.note(onPort)
	return g, true
}

var (
	mainPackage = regexp.MustCompile(`(?m)^package main\b`)
	ignored     = regexp.MustCompile(`(?m)^//go:build ignore\b`)
)

// isMain reports whether a directory holds a Go program.
func (r repository) isMain(dir string) bool {
	for _, source := range r.match(path.Join(dir, "*.go")) {
		text := r.text(source)
		if !strings.HasSuffix(source, "_test.go") && mainPackage.MatchString(text) && !ignored.MatchString(text) {
			return true
		}
	}
	return false
}

// guessRust reads Cargo.toml.
func guessRust(r repository) (g guess, ok bool) {
	var cargo struct {
		Package struct {
			Name string
			// DefaultRun is the binary among several.
			DefaultRun string `toml:"default-run"`
		}
		Bin []struct{ Name string }
	}
	if _, err := toml.Decode(r.text("Cargo.toml"), &cargo); err != nil || cargo.Package.Name == "" {
		return g, false
	}
	if !r.has("src/main.rs") && len(cargo.Bin) == 0 && len(r.match("src/bin/*.rs")) == 0 {
		return g, false // a library
	}
	program := cargo.Package.Name
	switch {
	case cargo.Package.DefaultRun != "":
		program = cargo.Package.DefaultRun
	case len(cargo.Bin) > 0:
		program = cargo.Bin[0].Name
	case !r.has("src/main.rs"):
		program = stem(r.match("src/bin/*.rs")[0])
	}
	if len(cargo.Bin) > 1 || len(r.match("src/bin/*.rs")) > 1 {
		g.note("there are several programs: is " + program + " the service?")
	}
	g.from, g.name = "Cargo.toml", cargo.Package.Name
	g.build, g.start = "cargo build --release", "target/release/"+program
	if r.locked("Cargo.lock") {
		g.build += " --locked"
	}
	if r.workspace != nil { // then the program is in the workspace's directory
		g.build += " --target-dir target"
	}
	g.note(onPort)
	return g, true
}

// guessJava reads the files of Maven or Gradle.
func guessJava(r repository) (g guess, ok bool) {
	if r.has("pom.xml") {
		return guessMaven(r)
	}
	if script := r.first("build.gradle", "build.gradle.kts"); script != "" {
		return guessGradle(r, script)
	}
	return g, false
}

func guessMaven(r repository) (g guess, ok bool) {
	var pom struct {
		ArtifactID string `xml:"artifactId"`
		Version    string `xml:"version"`
		Parent     struct {
			Version string `xml:"version"`
		} `xml:"parent"`
		Packaging string   `xml:"packaging"`
		Modules   []string `xml:"modules>module"`
		FinalName string   `xml:"build>finalName"`
	}
	text := r.text("pom.xml")
	if err := xml.Unmarshal([]byte(text), &pom); err != nil || pom.ArtifactID == "" {
		return g, false
	}
	g.from, g.name = "pom.xml", pom.ArtifactID
	maven := "mvn"
	if r.has("mvnw") {
		maven = "./mvnw"
	}
	g.build = maven + " -B -q -DskipTests package"
	version := pom.Version
	if version == "" {
		version = pom.Parent.Version
	}
	jar := pom.ArtifactID + "-" + version
	if pom.FinalName != "" {
		jar = strings.NewReplacer("${project.artifactId}", pom.ArtifactID, "${project.version}", version).Replace(pom.FinalName)
	}
	if strings.Contains(jar, "${") || version == "" {
		jar = "*"
		g.note("pom.xml does not say the name of the jar: write it into command")
	}
	if len(pom.Modules) > 0 || pom.Packaging == "pom" {
		g.note("pom.xml has modules: write the jar of the service's module into command")
	}
	javaStart(text, "target/"+jar+".jar", "target", &g)
	return g, true
}

func guessGradle(r repository, script string) (g guess, ok bool) {
	text := r.text(script)
	named := regexp.MustCompile(`rootProject\.name\s*=\s*["']([^"']+)`).FindStringSubmatch(r.text("settings.gradle") + r.text("settings.gradle.kts"))
	version := regexp.MustCompile(`(?m)^version\s*=?\s*["']([^"']+)`).FindStringSubmatch(text)
	gradle := "gradle"
	if r.has("gradlew") {
		gradle = "./gradlew"
	}
	g.from = script
	name := ""
	if named != nil {
		name = named[1]
	}
	g.name = name
	switch {
	case strings.Contains(text, "org.springframework.boot"):
		jar := "build/libs/*.jar"
		if name != "" && version != nil {
			jar = "build/libs/" + name + "-" + version[1] + ".jar"
		} else {
			g.note("the files of Gradle do not say the name of the jar: write it into command")
		}
		g.build = gradle + " --quiet bootJar"
		javaStart(text, jar, "build", &g)
	case strings.Contains(text, "io.quarkus"):
		g.build = gradle + " --quiet quarkusBuild"
		javaStart(text, "", "build", &g)
	case regexp.MustCompile(`\bapplication\b`).MatchString(text):
		if name == "" {
			name = "NAME"
			g.note("the files of Gradle do not say the name of the program: in command, replace NAME by it")
		}
		g.build, g.start = gradle+" --quiet installDist", quoted("build/install/"+name+"/bin/"+name)
		g.note(onPort)
	default:
		return g, false
	}
	return g, true
}

// javaStart starts a jar and passes the port as its framework expects. below is the directory of build outputs.
func javaStart(text, jar, below string, g *guess) {
	switch {
	case strings.Contains(text, "org.springframework.boot"):
		g.start = "java -jar " + quoted(jar) + " --server.port=${port}"
	case strings.Contains(text, "io.quarkus"):
		g.start = "java -Dquarkus.http.host=127.0.0.1 -Dquarkus.http.port=${port} -jar " + below + "/quarkus-app/quarkus-run.jar"
	case strings.Contains(text, "io.micronaut"):
		g.start = "java -Dmicronaut.server.port=${port} -jar " + quoted(jar)
	default:
		g.start = "java -jar " + quoted(jar)
		g.note("can java -jar run this jar?")
		g.note(onPort)
	}
}

// guessNET takes the web project in the root or below it.
func guessNET(r repository) (g guess, ok bool) {
	var web []string
	for _, project := range r.match("*.csproj", "*/*.csproj", "src/*/*.csproj", "*.fsproj", "*/*.fsproj", "src/*/*.fsproj") {
		if strings.Contains(r.text(project), "Microsoft.NET.Sdk.Web") {
			web = append(web, project)
		}
	}
	if len(web) == 0 {
		return g, false
	}
	project := web[0]
	if len(web) > 1 {
		g.note("there are several web projects, " + list(web) + ": is " + project + " the service?")
	}
	g.from, g.name = project, stem(project)
	g.build = "dotnet publish " + quoted(project) + " -c Release -o bin/plimsoll --nologo -v quiet"
	assembly := stem(project)
	if match := regexp.MustCompile(`<AssemblyName>([^<$]+)</AssemblyName>`).FindStringSubmatch(r.text(project)); match != nil {
		assembly = match[1]
	}
	g.start = "dotnet " + quoted("bin/plimsoll/"+assembly+".dll") + " --urls http://127.0.0.1:${port}"
	return g, true
}
