package shop

import (
	"errors"
	"fmt"
	"net/http"
)

// refusal is why an operation was not done. Each door says it in its own way.
type refusal struct {
	status   int // of HTTP
	sentence string
}

// Error returns the sentence.
func (r *refusal) Error() string { return r.sentence }

// Extensions tells callers of GraphQL which kind of error it is.
func (r *refusal) Extensions() map[string]any {
	codes := map[int]string{
		http.StatusBadRequest: "BAD_USER_INPUT", http.StatusUnauthorized: "UNAUTHENTICATED", http.StatusNotFound: "NOT_FOUND",
	}
	if code, known := codes[r.status]; known {
		return map[string]any{"code": code}
	}
	return map[string]any{"code": "INTERNAL_SERVER_ERROR"}
}

func invalid(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &refusal{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// refuse sends an error as HTTP's routes do.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var r *refusal
	if errors.As(err, &r) {
		status = r.status
	}
	reply(w, status, map[string]string{"error": err.Error()})
}
