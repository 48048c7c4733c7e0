package http

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// keepCookies puts the cookies of an answer into the user's jar.
func keepCookies(j *jar.Jar, at wire.Origin, path string, lines []string) {
	j.Set(place(at, path), lines, time.Now())
}

// cookies is what the jar adds to a Cookie header; own is the call's part of it.
func cookies(j *jar.Jar, at wire.Origin, path, own string) string {
	return j.Header(place(at, path), own, time.Now())
}

func place(at wire.Origin, path string) jar.Place {
	return jar.Place{Secure: at.Scheme == "https", Host: at.Name(), Path: path}
}
