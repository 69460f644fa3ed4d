package main

import (
	"os"
	"time"

	"cloudmetrics.example/go/cloudmetrics"
)

// told is what a client is made with.
type told struct {
	Name         string            `json:"name"`
	BaseURL      string            `json:"base_url"`
	APIKey       string            `json:"api_key"`
	ClientID     string            `json:"client_id"`
	ClientSecret string            `json:"client_secret"`
	Scopes       []string          `json:"scopes"`
	Timeout      float64           `json:"timeout"`
	MaxRetries   int               `json:"max_retries"`
	RetryDelay   float64           `json:"retry_delay"`
	Headers      map[string]string `json:"headers"`
	Env          map[string]string `json:"env"`
}

// clients are the clients by their names, each made when it is first asked for.
type clients map[string]*cloudmetrics.Client

func (c clients) get(told told) (*cloudmetrics.Client, error) {
	if client, ok := c[told.Name]; ok {
		return client, nil
	}
	for name, value := range told.Env {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
		defer os.Unsetenv(name)
	}
	client, err := cloudmetrics.New(told.options()...)
	if err == nil {
		c[told.Name] = client
	}
	return client, err
}

func (t told) options() []cloudmetrics.Option {
	options := []cloudmetrics.Option{
		cloudmetrics.WithAPIKey(t.APIKey),
		cloudmetrics.WithBaseURL(t.BaseURL),
		cloudmetrics.WithClientCredentials(t.ClientID, t.ClientSecret, t.Scopes...),
		cloudmetrics.WithTimeout(seconds(t.Timeout)),
		cloudmetrics.WithMaxRetries(t.MaxRetries),
		cloudmetrics.WithRetryDelay(seconds(t.RetryDelay)),
	}
	for name, value := range t.Headers {
		options = append(options, cloudmetrics.WithHeader(name, value))
	}
	return options
}

func seconds(count float64) time.Duration { return time.Duration(count * float64(time.Second)) }
