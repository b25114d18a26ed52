"""Tests of the client. From clients/python: python3 -m unittest"""
