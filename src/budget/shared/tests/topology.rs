//! Passwords, users, TLS, Sentinel and Cluster.
