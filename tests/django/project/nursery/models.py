"""Children, and each kind of field and relation that an export has a form for."""

import uuid

from django.conf import settings
from django.db import models
from taggit.managers import TaggableManager


class Allergy(models.Model):
    name = models.CharField(max_length=40)


class RoomManager(models.Manager):
    def get_by_natural_key(self, floor, name):
        return self.get(floor=floor, name=name)


class Room(models.Model):
    """Known by a natural key of its own."""

    floor = models.IntegerField()
    name = models.CharField(max_length=40)
    objects = RoomManager()

    class Meta:
        unique_together = (("floor", "name"),)

    def natural_key(self):
        return (self.floor, self.name)


class Child(models.Model):
    name = models.CharField(max_length=40)
    born = models.DateField()
    born_at = models.TimeField(null=True)
    weight = models.DecimalField(max_digits=8, decimal_places=3)
    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    likes = models.JSONField(default=dict)
    wishes = models.JSONField(null=True)
    print = models.BinaryField(null=True)
    mother = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)
    siblings = models.ManyToManyField("self")
    allergies = models.ManyToManyField(Allergy)
    carers = models.ManyToManyField(settings.AUTH_USER_MODEL)
    is_here = models.BooleanField(default=True)


class Twin(Child):
    """A table of its own beside that of its parent."""

    minutes_later = models.PositiveSmallIntegerField()


class Feeding(models.Model):
    child = models.ForeignKey(Child, on_delete=models.CASCADE)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    room = models.ForeignKey(Room, null=True, on_delete=models.SET_NULL)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)
    duration = models.DurationField(null=True)
    amount = models.FloatField(null=True)
    notes = models.TextField(blank=True)
    tags = TaggableManager()


class Profile(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE)
    language = models.CharField(max_length=10)


class Note(models.Model):
    """Without rows when the export is made."""

    child = models.ForeignKey(Child, on_delete=models.CASCADE)
    text = models.TextField()
    readers = models.ManyToManyField(settings.AUTH_USER_MODEL)
