package starter

import (
	"regexp"
	"strings"
)

// guessRuby takes Rails, or what config.ru says.
func guessRuby(r repository) (g guess, ok bool) {
	if !r.has("Gemfile") {
		return g, false
	}
	g.from, g.build = "Gemfile", "bundle install --quiet"
	if !r.has("Gemfile.lock") {
		g.note("there is no Gemfile.lock, so two builds may install different gems: commit one")
	}
	gems := r.text("Gemfile")
	switch {
	case r.has("bin/rails"):
		g.start = "bin/rails server -b 127.0.0.1 -p ${port} -P tmp/plimsoll.pid"
		g.note("Rails starts in development unless env has RAILS_ENV: production, and the settings that production needs")
	case r.has("config.ru") && regexp.MustCompile(`gem ["']puma["']`).MatchString(gems):
		g.start = "bundle exec puma -b tcp://127.0.0.1:${port}"
	case r.has("config.ru"):
		g.start = "bundle exec rackup -o 127.0.0.1 -p ${port}"
		g.note("does production run rackup?")
	default:
		return g, r.has("Procfile")
	}
	return g, true
}

// guessPHP takes Laravel, or the directory with the public pages.
func guessPHP(r repository) (g guess, ok bool) {
	g.from = r.first("composer.json", "public/index.php", "index.php")
	if g.from == "" {
		return g, false
	}
	if g.from == "composer.json" {
		g.build = "composer install --no-dev --no-interaction --quiet"
		if !r.has("composer.lock") {
			g.note("there is no composer.lock, so two builds may install different packages: commit one")
		}
	}
	const development = "PHP's own server is for development, and takes one request at a time unless env sets PHP_CLI_SERVER_WORKERS: measure what production runs"
	switch {
	case strings.Contains(r.text("composer.json"), "laravel/octane"):
		g.start = "php artisan octane:start --host=127.0.0.1 --port=${port}"
	case r.has("artisan"):
		g.start = "php artisan serve --host=127.0.0.1 --port=${port}"
		g.note(development)
	case r.has("public/index.php"):
		g.start = "php -S 127.0.0.1:${port} -t public public/index.php"
		g.note(development)
	case r.has("index.php"):
		g.start = "php -S 127.0.0.1:${port}"
		g.note(development)
	default:
		return g, r.has("Procfile")
	}
	return g, true
}
