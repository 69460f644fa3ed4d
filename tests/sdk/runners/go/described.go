package main

import (
	"errors"
	"reflect"
	"strings"
	"unicode"

	"cloudmetrics.example/go/cloudmetrics"
)

// described is an error of the SDK as a runner tells it, or nil for any other.
func described(err error) map[string]any {
	var problem *cloudmetrics.APIError
	var broken *cloudmetrics.ConnectionError
	var nonsense *cloudmetrics.InvalidAnswerError
	var argument *cloudmetrics.ArgumentError
	switch {
	case errors.As(err, &problem):
		return ofProblem(err, problem)
	case errors.As(err, &nonsense):
		return map[string]any{"kind": "INVALID_ANSWER", "status": nonsense.Status, "trace_id": nonsense.TraceID}
	case errors.As(err, &argument):
		return map[string]any{"kind": "INVALID_ARGUMENT", "detail": argument.Message}
	case cloudmetrics.IsTimeout(err):
		return map[string]any{"kind": "TIMED_OUT"}
	case errors.As(err, &broken):
		return map[string]any{"kind": "CONNECTION_FAILED"}
	case errors.Is(err, cloudmetrics.ErrCredentialMissing):
		return map[string]any{"kind": "CREDENTIAL_MISSING"}
	case errors.Is(err, cloudmetrics.ErrSignatureInvalid):
		return map[string]any{"kind": "SIGNATURE_INVALID"}
	}
	return nil
}

func ofProblem(err error, problem *cloudmetrics.APIError) map[string]any {
	// Of several, as a buffer joins them, the first one counts.
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		err = joined.Unwrap()[0]
	}
	made := map[string]any{
		"kind": kindOf(err), "status": problem.Status, "code": problem.Code, "title": problem.Title,
		"detail": problem.Detail, "details": problem.Details, "violations": problem.Violations,
	}
	if problem.TraceID != "" {
		made["trace_id"] = problem.TraceID
	}
	if problem.HasRetryAfter {
		made["retry_after"] = problem.RetryAfter.Seconds()
	}
	return made
}

// kindOf is the name of an error's type, NotFoundError's NOT_FOUND.
func kindOf(err error) string {
	name := reflect.TypeOf(err).Elem().Name()
	switch name {
	case "APIError":
		return "API_ERROR"
	case "ServerError":
		return "SERVER_ERROR"
	}
	var made strings.Builder
	for i, letter := range strings.TrimSuffix(name, "Error") {
		if unicode.IsUpper(letter) && i > 0 {
			made.WriteByte('_')
		}
		made.WriteRune(unicode.ToUpper(letter))
	}
	return made.String()
}
